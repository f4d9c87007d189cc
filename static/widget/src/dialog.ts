// Stage two: the dialog, wired to what shoppers do and to the backend.

import { Backend, ProblemError } from "./api";
import { readColour, textOn } from "./colour";
import { eventFor, type Said } from "./events";
import { Frame } from "./frame";
import { fromDataUrl, keep, takeKept } from "./keep";
import { type Happening, type Model, next, opened } from "./machine";
import { PhotoError, prepare } from "./photo";
import { newKey, Run } from "./run";
import { drawLogin, drawPaywall, drawProblem } from "./screens/message";
import { meterSlot } from "./screens/parts";
import { drawPhoto } from "./screens/photo";
import { drawResult } from "./screens/result";
import type { Actions, View } from "./screens/view";
import { drawWorking } from "./screens/working";
import type { Config, Dialog, Product } from "./shared";
import { strings } from "./strings";
import { Tokens } from "./token";
import type { Problem } from "./types";

class TryOnDialog implements Dialog {
  private readonly backend: Backend;
  private readonly tokens: Tokens;
  private readonly frame = new Frame(() => this.close());
  private readonly drawPhoto: ReturnType<typeof drawPhoto>;
  private model: Model = opened({ image: "", title: "", id: "", category: "", page: "" });
  private opener: Element | null = null;
  private run: Run | undefined;
  // Kept while it is unknown how a try-on ended, so that trying again is not charged again.
  private key = newKey();
  private ticking = 0;
  // Tell answers to this opening, and to this photo, from late ones to earlier ones.
  private opening = 0;
  private reading = 0;

  private readonly actions: Actions = {
    choose: () => this.frame.input.click(),
    take: (file) => void this.take(file),
    takeSample: (src) => void this.takeSample(src),
    start: () => void this.start(),
    stop: () => {
      this.stop();
      this.happen({ type: "backToPhoto" });
    },
    retry: () => {
      this.happen({ type: "backToPhoto" });
      void this.readStatus();
    },
    backToPhoto: () => this.happen({ type: "backToPhoto" }),
    leave: (url, keepPhoto) => void this.leave(url, keepPhoto),
  };

  constructor(private readonly config: Config) {
    this.backend = new Backend(config.apiUrl);
    this.tokens = new Tokens(this.backend, config.token);
    this.drawPhoto = drawPhoto(config.samplePhotos);
    this.takeStyle();
    this.listen();
  }

  open(product: Product, opener: Element | null, token: string | null): void {
    this.stop();
    if (token) this.tokens.set(token);
    const photo = this.model.photo;
    this.key = newKey();
    this.reading++;
    this.opening++;
    this.opener = opener;
    this.model = opened(product, this.config.loginUrl);
    this.frame.open();
    this.draw(true);
    // Whoever tries on several things of a page chooses their photo once.
    if (photo) this.happen({ type: "photo", photo });
    if (!product.image) {
      const problem = { status: 0, error: "no_product", detail: strings.noProduct };
      this.happen({ type: "problem", problem });
      return;
    }
    void this.readStatus();
  }

  close(): void {
    this.stop();
    this.opening++;
    this.frame.close();
    if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus();
  }

  resume(): boolean {
    const kept = takeKept();
    if (!kept) return false;
    this.open(kept.product, null, null);
    if (kept.photo) void this.take(fromDataUrl(kept.photo), strings.welcomeBack);
    return true;
  }

  private happen(happening: Happening): void {
    const before = this.model.screen;
    this.model = next(this.model, happening);
    const after = this.model.screen;
    if (after.name === "working" && before.name === "working") {
      this.showStage();
    } else if (happening.type === "status" && after.name === before.name) {
      // Only the number is new: a screen drawn anew would take a half-done click away.
      this.frame.part("meter-slot")?.replaceWith(meterSlot(this.model));
    } else {
      this.draw(before.name !== after.name);
    }
  }

  private draw(focus: boolean): void {
    this.frame.show(this.view(), focus);
    clearInterval(this.ticking);
    if (this.model.screen.name === "working") this.tick();
  }

  private view(): View {
    const { model } = this;
    const actions = this.actions;
    const { screen } = model;
    switch (screen.name) {
      case "photo":
        return this.drawPhoto({ ...model, screen }, actions);
      case "working":
        return drawWorking({ ...model, screen }, actions);
      case "result":
        return drawResult({ ...model, screen }, actions);
      case "login":
        return drawLogin({ ...model, screen }, actions);
      case "paywall":
        return drawPaywall({ ...model, screen }, actions);
      case "problem":
        return drawProblem({ ...model, screen }, actions);
    }
  }

  private showStage(): void {
    if (this.model.screen.name !== "working") return;
    const text = strings[this.model.screen.stage];
    const line = this.frame.part("stage");
    if (line) line.textContent = text;
    this.frame.announce(text);
  }

  private tick(): void {
    const startedAt = Date.now();
    const show = () => {
      const line = this.frame.part("elapsed");
      const seconds = Math.floor((Date.now() - startedAt) / 1000);
      if (line) line.textContent = strings.elapsed(seconds);
    };
    show();
    this.showStage();
    this.ticking = window.setInterval(show, 1000);
  }

  private async readStatus(): Promise<void> {
    const opening = this.opening;
    try {
      const status = await this.backend.status(this.model.product);
      if (opening !== this.opening) return;
      if (this.model.screen.name === "photo" && !this.mayShow(status)) return;
      this.happen({ type: "status", status });
    } catch (error) {
      // Not knowing is no reason to stop: the try-on itself will say what is wrong.
      if (!(error instanceof ProblemError)) throw error;
    }
  }

  private async take(file: Blob, notice = ""): Promise<void> {
    if (!["photo", "result"].includes(this.model.screen.name)) return;
    const reading = ++this.reading;
    // A later photo, another opening, or a paywall that came meanwhile goes first.
    const wanted = () => reading === this.reading && this.model.screen.name === "photo";
    this.happen({ type: "reading" });
    try {
      const photo = await prepare(file, this.config.maxUploadBytes);
      this.key = newKey();
      if (wanted()) this.happen({ type: "photo", photo, notice });
    } catch (error) {
      const message = error instanceof PhotoError ? error.message : strings.brokenPhoto;
      if (wanted()) this.happen({ type: "badPhoto", message });
    }
  }

  private async takeSample(src: string): Promise<void> {
    try {
      const response = await fetch(src, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`${response.status}`);
      await this.take(await response.blob());
    } catch {
      this.happen({ type: "badPhoto", message: strings.offline });
    }
  }

  private async start(): Promise<void> {
    const { photo, product, screen } = this.model;
    if (!photo || screen.name !== "photo") return;
    this.happen({ type: "start" });
    const run = new Run(this.backend, this.tokens, product, photo.blob, this.key, (stage) => {
      if (this.run === run) this.happen({ type: "progress", stage });
    });
    this.run = run;
    try {
      const job = await run.finish();
      if (this.run !== run || !job) return;
      this.key = newKey();
      this.happen({ type: "done", job });
      this.frame.announce(strings.result);
      const detail = { id: job.id, image_url: job.image_url, product };
      dispatchEvent(new CustomEvent("genvoris:tryon-completed", { detail }));
    } catch (error) {
      if (this.run !== run) return;
      const unknown = { status: 0, error: "failed", detail: strings.failed };
      const problem = error instanceof ProblemError ? error.problem : unknown;
      if (problem.status) this.key = newKey();
      this.fail(problem);
    }
  }

  private fail(problem: Problem): void {
    if (this.mayShow(problem)) this.happen({ type: "problem", problem });
  }

  private stop(): void {
    if (this.run) this.key = newKey();
    this.run?.stop();
    this.run = undefined;
    clearInterval(this.ticking);
  }

  /** Asks the page whether it wants to take over, and makes room for it if so. */
  private mayShow(said: Said): boolean {
    const event = eventFor(said, this.config.loginUrl);
    if (!event) return true;
    // While our modal dialog is open, nothing else on the page could be used.
    this.frame.close();
    if (!dispatchEvent(event)) {
      this.close();
      return false;
    }
    this.frame.open();
    return true;
  }

  private async leave(url: string, keepPhoto: boolean): Promise<void> {
    await keep(this.model.product, (keepPhoto && this.model.photo?.blob) || null);
    location.assign(url);
  }

  private takeStyle(): void {
    const { primaryColor, borderRadius } = this.config;
    const rgb = primaryColor && readColour(primaryColor);
    if (primaryColor && rgb) {
      this.frame.style("--genvoris-primary", primaryColor);
      this.frame.style("--genvoris-on-primary", textOn(...rgb));
    }
    if (borderRadius && /^\d+$/.test(borderRadius)) {
      this.frame.style("--genvoris-radius", `${borderRadius}px`);
    }
  }

  private listen(): void {
    const { dialog, input } = this.frame;
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    // A browser may close a dialog that nobody has touched yet without asking.
    dialog.addEventListener("close", () => {
      if (this.frame.closedByItself()) this.close();
    });
    dialog.addEventListener("click", (event) => {
      const outside = event.target === dialog;
      if (outside && this.model.screen.name !== "working") this.close();
    });
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      input.value = ""; // so that the same file can be chosen again
      if (file) void this.take(file);
    });
    dialog.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.frame.mark(true);
    });
    dialog.addEventListener("dragleave", () => this.frame.mark(false));
    dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      this.frame.mark(false);
      const file = event.dataTransfer?.files[0];
      if (file) void this.take(file);
    });
    document.addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (file && dialog.open) void this.take(file);
    });
  }
}

window.Genvoris?.attach((config) => new TryOnDialog(config));
