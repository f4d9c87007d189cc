// What is to be seen: the dialog's screens, and on the page what goes on behind it.

import { t } from "../locales/strings";
import { lookOf } from "../theme/theme";
import type { Product, Settings } from "../widget/public";
import type { Tracker } from "./analytics";
import type { Config } from "./config";
import type { Frame } from "./element";
import { tell } from "./page-events";
import { blank, type Happening, type Model, next } from "./reducer";
import { draw } from "./screens/draw";
import { meter } from "./screens/parts";
import type { Actions } from "./screens/view";
import type { Tools } from "./tools";

export class Scene {
  model: Model = blank();
  tools: Tools | undefined;
  /** What opened the dialog: it gets the focus back, and its colours are the shop's. */
  opener: Element | null = null;
  /** A job that was put aside has ended, and nobody has looked. */
  unseen = false;
  #ticking = 0;
  readonly #viewed = new Set<string>();

  constructor(
    readonly frame: Frame,
    private readonly settings: Settings,
    private readonly tracker: Tracker,
    private readonly config: () => Config,
    private readonly actions: Actions,
  ) {}

  get working(): boolean {
    return this.model.screen.name === "working";
  }

  happen(happening: Happening): void {
    const before = this.model.screen;
    this.model = next(this.model, happening);
    const after = this.model.screen;
    if (after.name === "working" && before.name === "working") {
      this.#showStage();
    } else if (happening.type === "status" && after.name === before.name) {
      // Only the number is new: a screen drawn anew would take a half-done click away.
      this.frame.part("meter")?.replaceWith(meter(this.model));
    } else {
      this.#draw(before.name !== after.name);
    }
    if (after.name === "photo" && after.notice) this.frame.announce(after.notice);
    if (happening.type === "photo") this.tracker.track("PHOTO_UPLOADED", this.model.product);
    this.showMarks();
  }

  /** Has all at hand before it is wanted, so that the click that opens it has little left to do. */
  prepare(): void {
    this.dress();
    this.frame.warmUp();
  }

  /** Starts anew with another product. */
  turnTo(product: Product, loginUrl: string | null): void {
    this.tools?.markTriggers(this.model.product, null);
    this.model = next(this.model, { type: "open", product, loginUrl });
  }

  /** Opens the dialog where the model stands. */
  show(): void {
    this.unseen = false;
    this.dress();
    this.frame.open(this.opener);
    this.#noteView();
    this.showMarks();
    tell("open", { product: this.model.product });
  }

  /** Takes the language and the page's look as they are now. */
  dress(): void {
    this.restyle();
    this.#draw(false);
  }

  restyle(): void {
    this.frame.attach();
    this.frame.dress(lookOf(this.settings, this.frame.host, this.opener));
  }

  /** Closes the dialog and gives the focus back. */
  leave(): void {
    if (!this.frame.holdsPage) return;
    this.frame.close();
    if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus();
    tell("close", { product: this.model.product });
  }

  /** Shows on the page what goes on, or waits, behind the closed dialog. */
  showMarks(): void {
    const { screen, product } = this.model;
    const running = screen.name === "working";
    const mark = running ? "running" : this.unseen && screen.name === "result" ? "ready" : null;
    this.tools?.markTriggers(product, mark);
    const closed = !this.frame.dialog.open && (running || this.unseen);
    this.frame.note(closed ? t(mark ?? "problem") : "", running);
  }

  end(): void {
    clearInterval(this.#ticking);
    this.tools?.markTriggers(this.model.product, null);
    this.frame.end();
  }

  #draw(focus: boolean): void {
    const { screen } = this.model;
    this.frame.show(draw(this.model, this.actions, this.config(), this.tools), focus);
    clearInterval(this.#ticking);
    if (screen.name === "working") {
      this.#showStage();
      this.#ticking = window.setInterval(() => this.#showElapsed(), 1000);
    }
    this.#noteView();
  }

  #noteView(): void {
    const { screen } = this.model;
    if (screen.name !== "result" || !this.frame.dialog.open) return;
    const { id, product } = screen.result;
    if (!this.#viewed.has(id)) this.tracker.track("TRYON_VIEWED", product);
    this.#viewed.add(id);
  }

  #showStage(): void {
    const { screen } = this.model;
    if (screen.name !== "working") return;
    this.tools?.markStage(this.frame.dialog, screen.stage);
    this.frame.announce(t(screen.stage));
    this.#showElapsed();
  }

  #showElapsed(): void {
    const { screen } = this.model;
    const line = this.frame.part("elapsed");
    if (screen.name !== "working" || !line) return;
    line.textContent = t("elapsed", { count: Math.floor((Date.now() - screen.since) / 1000) });
  }
}
