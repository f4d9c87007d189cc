// What the fitting room adds to the dialog's screens, and its own screen.

import type { DialogContext } from "../dialog/context";
import { type Child, el } from "../dialog/dom";
import type { DialogEvent, Model, Screen } from "../dialog/reducer";
import type { View } from "../dialog/screens/view";
import type { Photo } from "../photo/photo";
import { css } from "../theme/styles-fitting-room";
import {
  drawLastPhoto,
  drawOnMissing,
  drawOnPaywall,
  drawOnPhoto,
  drawOnResult,
} from "./additions";
import { paint } from "./canvas";
import { Collection } from "./collection";
import type { Kept } from "./keeper";
import { Outfits } from "./outfits";
import { Overview } from "./overview";
import type { Room } from "./room";

export class FittingRoom implements Room {
  readonly collection: Collection;
  readonly outfits: Outfits;
  readonly #overview: Overview;
  // Where the current screen has room for what is kept; filled as soon as it is known.
  #slot = el("div");
  // Takes the place of the examples of good photos, so that nothing moves.
  #lastPhotoSlot = el("div");
  #examples: HTMLElement | undefined;
  /** The photo of an earlier visit, while it is the current one. */
  #lastPhoto: Photo | undefined;
  /** Whether the shopper wants the photo to be kept; it is kept when it is used. */
  keepsPhoto = false;
  #before: Screen | undefined;

  constructor(readonly context: DialogContext) {
    context.element.addStyle(css);
    this.collection = new Collection(context, () => this.#fill());
    this.outfits = new Outfits(context);
    this.#overview = new Overview(this);
    context.store.subscribe((event, before) => this.#on(event, before));
    this.#insert();
    void this.#start();
  }

  /** Add to the screen that was shown before this was loaded; nothing else of it moves. */
  #insert(): void {
    const side = this.context.element.part("side");
    const view: View = { heading: "", visual: [], side: [...(side?.childNodes ?? [])] };
    this.extend(view);
    if (this.#slot.parentNode !== side && view.side.includes(this.#slot)) {
      side?.insertBefore(this.#slot, side.lastChild);
      this.#examples?.before(this.#lastPhotoSlot);
    }
  }

  get model(): Model {
    return this.context.store.model;
  }

  async #start(): Promise<void> {
    await this.collection.open();
    for (const result of this.model.results) void this.collection.keep(result);
  }

  #on({ type }: DialogEvent, before: Model): void {
    const { photo, results } = this.model;
    if (type === "open") {
      this.outfits.end();
      void this.collection.open();
    }
    if (type === "photo" || type === "open") this.keepsPhoto = false;
    if (type === "start" && photo && this.keepsPhoto) void this.collection.keepPhoto(photo);
    if (type === "deleted") void this.collection.removeWithPhoto();
    if (type === "undone") void this.collection.bringBack();
    for (const result of results) {
      if (!before.results.includes(result)) void this.collection.keep(result);
    }
  }

  /** Add to a screen before it is shown. */
  extend(view: View): void {
    const { screen } = this.model;
    this.#slot = el("div", { class: "kept", part: "fitting-room" });
    if (screen.name === "fittingRoom") {
      this.#overview.show(view);
    } else if (["photo", "result", "missing", "paywall"].includes(screen.name)) {
      view.side.splice(-1, 0, this.#slot);
      this.#lastPhotoSlot = el("div", { class: "kept" });
      const at = view.side.findIndex(isExamples);
      this.#examples = view.side[at] as HTMLElement | undefined;
      if (this.#examples) view.side.splice(at, 0, this.#lastPhotoSlot);
    }
    this.#fill();
  }

  #fill(): void {
    const { screen } = this.model;
    if (screen.name === "missing") this.#slot.replaceChildren(...drawOnMissing(this));
    else if (screen.name === "photo") {
      const last = drawLastPhoto(this);
      this.#lastPhotoSlot.replaceChildren(...(last ? [last] : []));
      if (this.#examples) this.#examples.hidden = Boolean(last);
      this.#slot.replaceChildren(...drawOnPhoto(this));
    } else if (screen.name === "result") {
      this.#slot.replaceChildren(...drawOnResult(this, screen.result));
    } else if (screen.name === "paywall") {
      this.#slot.replaceChildren(...drawOnPaywall(this));
    } else if (screen.name === "fittingRoom") this.#overview.refresh();
  }

  /** Whether to ask if the current photo may be kept. */
  get mayKeepPhoto(): boolean {
    const { photo } = this.model;
    return this.collection.isOpen && photo !== null && photo !== this.#lastPhoto;
  }

  /** Use the photo of an earlier visit again. */
  async useLastPhoto(kept: Kept): Promise<void> {
    const { store, tracker } = this.context;
    const { screen, product } = this.model;
    try {
      const blob = await this.collection.picture(kept);
      const preview = await paint(el("canvas"), blob).catch(() => null);
      if (this.model.screen !== screen) return; // the shopper has gone on
      this.#lastPhoto = { blob, preview, digest: kept.digest };
      store.dispatch({ type: "photo", photo: this.#lastPhoto });
      tracker.track("PHOTO_UPLOADED", product);
    } catch {
      await this.collection.open(); // it has ended, or somebody else has logged in
    }
  }

  /** Show the overview, in the open dialog or in a new one. */
  open(picture?: string): void {
    const { store } = this.context;
    const { screen, open } = this.model;
    this.#before = open && screen.name !== "fittingRoom" ? screen : undefined;
    this.#overview.choose(picture);
    store.dispatch({ type: "show", screen: { name: "fittingRoom" } });
    if (open) return;
    store.dispatch({ type: "reopen" });
    void this.collection.open();
  }

  async openCopy(jobId: string): Promise<void> {
    await this.collection.open();
    const kept = this.collection.ofJob(jobId);
    if (kept && this.model.screen.name === "missing") this.open(kept.id);
  }

  /** Go back to where the overview was opened. */
  back(): void {
    const { store, element } = this.context;
    if (this.#before) store.dispatch({ type: "show", screen: this.#before });
    else element.onClose?.();
  }
}

function isExamples(node: Child): boolean {
  return node instanceof HTMLElement && node.part.contains("examples");
}
