// Stage two: the dialog, wired to what shoppers do and to the backend.

import { Backend, ProblemError } from "./api";
import { readColour, textOn } from "./colour";
import { Frame } from "./frame";
import { fromDataUrl, keep, takeKept } from "./keep";
import { type Happening, type Model, next, opened } from "./machine";
import { PhotoError, prepare } from "./photo";
import { Run } from "./run";
import { drawLogin, drawPaywall, drawProblem } from "./screens/message";
import { meterSlot } from "./screens/parts";
import { drawPhoto } from "./screens/photo";
import { drawResult } from "./screens/result";
import type { Actions, View } from "./screens/view";
import { drawWorking } from "./screens/working";
import type { Config, Dialog, Product } from "./shared";
import { strings } from "./strings";
import { Tokens } from "./token";
import type { Paywall, Problem, Status } from "./types";

class TryOnDialog implements Dialog {
  private readonly backend: Backend;
  private readonly tokens: Tokens;
  private readonly frame = new Frame(() => this.close());
  private readonly drawPhoto: ReturnType<typeof drawPhoto>;
  private model: Model = opened({ image: "", title: "", id: "", category: "" });
  private opener: Element | null = null;
  private run: Run | undefined;
  private ticking = 0;
  // Tells answers to this opening from late ones to an earlier one.
  private opening = 0;

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
    this.opening++;
    this.opener = opener;
    this.model = opened(product);
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
      if (this.model.screen.name === "photo" && status.paywall && !this.mayShow(status)) return;
      this.happen({ type: "status", status });
      this.tellLogin();
    } catch (error) {
      // Not knowing is no reason to stop: the try-on itself will say what is wrong.
      if (!(error instanceof ProblemError)) throw error;
    }
  }

  private async take(file: Blob, notice = ""): Promise<void> {
    const opening = this.opening;
    if (!["photo", "result"].includes(this.model.screen.name)) return;
    this.happen({ type: "reading" });
    try {
      const photo = await prepare(file, this.config.maxUploadBytes);
      if (opening === this.opening) this.happen({ type: "photo", photo, notice });
    } catch (error) {
      const message = error instanceof PhotoError ? error.message : strings.brokenPhoto;
      if (opening === this.opening) this.happen({ type: "badPhoto", message });
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
    const run = new Run(this.backend, this.tokens, product, photo.blob, (stage) => {
      if (this.run === run) this.happen({ type: "progress", stage });
    });
    this.run = run;
    try {
      const job = await run.finish();
      if (this.run !== run || !job) return;
      this.happen({ type: "done", job });
      this.frame.announce(strings.result);
      const detail = { id: job.id, image_url: job.image_url, product };
      dispatchEvent(new CustomEvent("genvoris:tryon-completed", { detail }));
    } catch (error) {
      if (this.run !== run) return;
      const unknown = { status: 0, error: "failed", detail: strings.failed };
      this.fail(error instanceof ProblemError ? error.problem : unknown);
    }
  }

  private fail(problem: Problem): void {
    if (problem.paywall && !this.mayShow({ ...problem, paywall: problem.paywall })) return;
    this.happen({ type: "problem", problem });
    this.tellLogin();
  }

  private stop(): void {
    this.run?.stop();
    this.run = undefined;
    clearInterval(this.ticking);
  }

  /** Asks the page whether it wants to show its own paywall instead. */
  private mayShow(refusal: {
    paywall: Paywall | null;
    reason?: string | null;
    used?: number | null;
    limit?: number | null;
    quota?: Status["quota"];
  }): boolean {
    const { paywall, reason = null, quota } = refusal;
    if (!paywall || paywall.kind === "unavailable") return true;
    const { used = quota?.used ?? null, limit = quota?.limit ?? null } = refusal;
    const detail = { reason, used, limit, paywall };
    return this.ask("genvoris:quota", detail);
  }

  private tellLogin(): void {
    const { screen } = this.model;
    if (screen.name === "login") this.ask("genvoris:login", { login_url: screen.url });
  }

  /** Sends an event that the page may cancel; then our dialog makes room for the page's own. */
  private ask(name: string, detail: object): boolean {
    const goOn = dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
    if (!goOn) this.close();
    return goOn;
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
