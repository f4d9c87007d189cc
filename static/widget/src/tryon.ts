// The dialog, wired to what shoppers do and to the backend.

import { Tracker } from "./analytics";
import { Backend, fault } from "./api";
import { type Config, readConfig } from "./config";
import * as deeds from "./deeds";
import { askFor, type Said } from "./events";
import { Frame } from "./frame";
import { Intake } from "./intake";
import type { Jobs } from "./jobs";
import { fromDataUrl, takeKept } from "./keep";
import { listen } from "./listen";
import { lookOf } from "./look";
import { blank, type Happening, type Model, next } from "./machine";
import { markTriggers } from "./marks";
import { draw } from "./screens/draw";
import { meter } from "./screens/parts";
import type { Actions } from "./screens/view";
import { type Dialog, type FileId, JOB_KEY, type Page, tell } from "./shared";
import { speak, t } from "./strings";
import { read } from "./tab";
import { Tokens } from "./token";
import type { Tools } from "./tools";
import type { Job, Problem, Product, Result } from "./types";

declare const __TOOLS__: FileId;

export class TryOn implements Dialog {
  #config: Config;
  #model: Model = blank();
  #opener: Element | null = null;
  #ticking = 0;
  // Tells answers to this opening from late ones to earlier ones.
  #opening = 0;
  /** The shop's own paywall or log-in has taken over. */
  #interrupted = false;
  /** A job that was put aside has ended, and nobody has looked. */
  #unseen = false;
  readonly #viewed = new Set<string>();
  readonly #end = new AbortController();
  readonly #tokens = new Tokens(() => this.#askToken());
  readonly #frame = new Frame(
    () => this.close(),
    () => this.#reopen(),
  );
  readonly #intake = new Intake(
    this.#frame,
    () => this.#config,
    (happening) => this.#happen(happening),
    () => ["photo", "result"].includes(this.#model.screen.name),
    () => this.#loadTools(),
  );
  #tools: Tools | undefined;
  #jobs: Jobs | undefined;
  readonly #tracker: Tracker;
  readonly #stage: deeds.Stage;
  readonly #actions: Actions;

  constructor(
    private readonly page: Page,
    language: string,
  ) {
    this.#config = readConfig(page.settings);
    this.#tokens.set(this.#config.token);
    const tracker = new Tracker(page.settings, this.#end.signal);
    this.#tracker = tracker;
    const backend = new Backend(
      () => this.#config.apiUrl,
      () => tracker.sessionId(),
    );
    this.#stage = {
      tracker,
      backend,
      frame: this.#frame,
      config: () => this.#config,
      model: () => this.#model,
      happen: (happening) => this.#happen(happening),
      close: () => this.close(),
      tools: () => this.#loadTools(),
      jobs: async () => {
        await this.#loadTools();
        return this.#jobs as Jobs;
      },
    };
    this.#actions = this.#makeActions();
    this.update(language);
    this.#listen();
    if (read(JOB_KEY)) void this.#pickUp();
  }

  update(language: string): void {
    const { token } = this.#config;
    this.#config = readConfig(this.page.settings);
    // The page's first one may have been renewed meanwhile.
    if (this.#config.token !== token) this.#tokens.set(this.#config.token);
    speak(language, this.page.parts[`locale-${language}`] ?? [], this.#config.strings);
    if (this.#frame.dialog.open) this.#dress();
  }

  open(product: Product, opener: Element | null, token?: string): void {
    this.#opener = opener ?? this.#opener;
    if (token) this.#tokens.set(token);
    const { image, id } = this.#model.product;
    const waits = this.#jobs?.running || this.#unseen;
    if (waits && image === product.image && id === product.id) {
      this.#reopen();
      return;
    }
    this.#jobs?.leaveBehind();
    this.#intake.drop();
    this.#opening++;
    this.#interrupted = this.#unseen = false;
    markTriggers(this.#model.product, null);
    this.#model = next(this.#model, { type: "open", product, loginUrl: this.#config.loginUrl });
    this.#show();
    this.#tokens.keepFresh();
    this.#tracker.track("WIDGET_OPENED", product);
    if (product.image) void this.#readStatus();
    else this.#happen({ type: "problem", problem: fault("noProduct") });
  }

  close(): void {
    if (!this.#frame.holdsPage) return;
    this.#jobs?.stop();
    this.#opening++;
    this.#leaveScreen();
    this.#tokens.rest();
    if (this.#model.screen.name === "working") this.#happen({ type: "backToPhoto" });
    this.#tracker.track("CLOSED", this.#model.product);
  }

  resume(): void {
    const kept = takeKept();
    if (kept) {
      this.open(kept.product, null);
      if (kept.photo) void this.#intake.take(fromDataUrl(kept.photo), t("welcomeBack"));
    } else if (this.#interrupted) {
      this.open(this.#model.product, this.#opener);
    }
  }

  destroy(): void {
    this.#end.abort();
    this.#jobs?.stop();
    this.#leaveScreen();
    this.#tokens.rest();
    clearInterval(this.#ticking);
    markTriggers(this.#model.product, null);
    this.#frame.host.remove();
  }

  #makeActions(): Actions {
    const stage = this.#stage;
    const back = () => this.#happen({ type: "backToPhoto" });
    return {
      choose: (camera) => this.#intake.choose(camera),
      takeSample: (src) => void this.#intake.takeSample(src),
      start: () => this.#start(),
      stop: () => {
        this.#jobs?.stop();
        back();
      },
      minimise: () => this.#minimise(),
      retry: () => {
        back();
        void this.#readStatus();
      },
      backToPhoto: back,
      deletePhoto: () => void deeds.deletePhoto(stage),
      tryVariant: (product) => {
        this.#happen({ type: "backToPhoto", product });
        this.#start();
      },
      show: (result) => this.#happen({ type: "show", result }),
      share: (result) => void deeds.shareResult(stage, result),
      addToCart: (result) => deeds.addToCart(stage, result),
      leave: (url, keepPhoto) => void deeds.leave(stage, url, keepPhoto),
    };
  }

  #listen(): void {
    listen(this.#frame, this.#end.signal, {
      close: () => this.close(),
      outside: () => this.#model.screen.name !== "working" && this.close(),
      paste: (event) => this.#intake.paste(event),
      comeBack: (long) => this.#comeBack(long),
      restored: () => this.resume(),
      leavePage: () => {
        if (this.#jobs?.running) this.#minimise();
        this.#leaveScreen();
        this.#frame.host.remove();
      },
      newPage: () => this.#showMarks(),
    });
  }

  #happen(happening: Happening): void {
    const before = this.#model.screen;
    this.#model = next(this.#model, happening);
    const after = this.#model.screen;
    if (after.name === "working" && before.name === "working") {
      this.#showStage();
    } else if (happening.type === "status" && after.name === before.name) {
      // Only the number is new: a screen drawn anew would take a half-done click away.
      this.#frame.part("meter")?.replaceWith(meter(this.#model));
    } else {
      this.#draw(before.name !== after.name);
    }
    if (happening.type === "photo") this.#tracker.track("PHOTO_UPLOADED", this.#model.product);
    this.#showMarks();
  }

  #show(): void {
    this.#frame.open();
    this.#dress();
    this.#draw(true);
    this.#showMarks();
    tell("open", { product: this.#model.product });
  }

  /** Takes the language and the page's look as they are now. */
  #dress(): void {
    this.#frame.dress(lookOf(this.page.settings, this.#frame.host, this.#opener));
    this.#draw(false);
  }

  #draw(focus: boolean): void {
    const { screen } = this.#model;
    const working = screen.name === "working";
    this.#frame.show(draw(this.#model, this.#actions, this.#config, this.#tools), focus);
    clearInterval(this.#ticking);
    if (working) {
      this.#showStage();
      this.#ticking = window.setInterval(() => this.#showElapsed(), 1000);
    }
    const isNew = screen.name === "result" && !this.#viewed.has(screen.result.id);
    if (isNew && this.#frame.dialog.open) {
      this.#viewed.add(screen.result.id);
      this.#tracker.track("TRYON_VIEWED", screen.result.product);
    }
  }

  #showStage(): void {
    const { screen } = this.#model;
    if (screen.name !== "working") return;
    this.#tools?.markStage(this.#frame.dialog, screen.stage);
    this.#frame.announce(t(screen.stage));
    this.#showElapsed();
  }

  #showElapsed(): void {
    const { screen } = this.#model;
    const line = this.#frame.part("elapsed");
    if (screen.name !== "working" || !line) return;
    line.textContent = t("elapsed", { count: Math.floor((Date.now() - screen.since) / 1000) });
  }

  /** Shows on the page what goes on, or waits, behind the closed dialog. */
  #showMarks(): void {
    const { screen, product } = this.#model;
    const running = screen.name === "working";
    const mark = running ? "running" : this.#unseen && screen.name === "result" ? "ready" : null;
    markTriggers(product, mark);
    const closed = !this.#frame.dialog.open && (running || this.#unseen);
    this.#frame.note(closed ? t(mark ?? "problem") : "", running);
  }

  #minimise(): void {
    this.#jobs?.putAside(true);
    this.#leaveScreen();
    this.#showMarks();
  }

  #reopen(): void {
    this.#unseen = false;
    this.#jobs?.putAside(false);
    this.#show();
  }

  #leaveScreen(): void {
    if (!this.#frame.holdsPage) return;
    this.#frame.close();
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
    tell("close", { product: this.#model.product });
  }

  /** Follows the job that an earlier page of this tab has left running. */
  async #pickUp(): Promise<void> {
    const kept = (await this.#stage.jobs()).pickUp();
    if (!kept || this.#frame.dialog.open) return;
    const loginUrl = this.#config.loginUrl;
    this.#model = next(blank(kept.product, loginUrl), { type: "pickUp", since: kept.at });
    this.#frame.attach();
    this.#dress();
    if (kept.aside) this.#showMarks();
    else this.#show();
  }

  #start(): void {
    deeds.start(this.#stage).catch(() => this.#fail(fault("offline")));
  }

  async #loadTools(): Promise<Tools> {
    await this.page.load("tools", __TOOLS__);
    const tools = this.page.parts.tools as Tools;
    if (!this.#tools) {
      this.#tools = tools;
      this.#frame.addStyle(tools.css);
      this.#jobs = new tools.Jobs(this.#stage.backend, this.#tokens, {
        stage: (stage) => this.#happen({ type: "progress", stage }),
        done: (result, job, current) => this.#done(result, job, current),
        failed: (problem) => this.#fail(problem),
      });
    }
    return tools;
  }

  #askToken(): Promise<string | null> {
    const { getToken } = this.page.settings;
    return getToken ? getToken() : this.#stage.backend.session().then(({ token }) => token);
  }

  async #readStatus(): Promise<void> {
    const opening = this.#opening;
    const status = await deeds.askStatus(this.#stage);
    if (!status || opening !== this.#opening) return;
    if (this.#model.screen.name === "photo" && !this.#mayShow(status)) return;
    this.#happen({ type: "status", status });
  }

  #comeBack(long: boolean): void {
    if (!this.#frame.dialog.open && !this.#jobs?.running) return;
    // A try-on says by itself what is wrong; here nobody has asked yet.
    this.#tokens.get().catch(() => {});
    if (long) void this.#readStatus();
  }

  #done(result: Result, job: Job, wanted: boolean): void {
    this.#unseen ||= wanted && !this.#frame.dialog.open;
    this.#happen({ type: "done", result, quota: job.quota, wanted });
    if (wanted) this.#frame.announce(t(this.#unseen ? "ready" : "result"));
    this.#tracker.track("TRYON_GENERATED", result.product);
    tell("tryon-completed", { id: job.id, image_url: job.image_url, product: result.product });
    void this.#readStatus();
  }

  #fail(problem: Problem): void {
    this.#unseen = !this.#frame.dialog.open;
    if (this.#mayShow(problem)) this.#happen({ type: "problem", problem });
  }

  /** Asks the page whether it wants to take over, and makes room for it if so. */
  #mayShow(said: Said): boolean {
    const ask = askFor(said, this.#config.loginUrl);
    if (!ask) return true;
    const { open } = this.#frame.dialog;
    // While our modal dialog is open, nothing else on the page could be used.
    this.#frame.close();
    if (ask()) {
      if (open) this.#frame.open();
      return true;
    }
    this.#interrupted = true;
    this.#unseen = false;
    this.#happen({ type: "backToPhoto" });
    tell("close", { product: this.#model.product });
    return false;
  }
}
