// The dialog, wired to what shoppers do and to the backend.

import { Backend, fault } from "../jobs/backend";
import type { Jobs } from "../jobs/jobs";
import type { Job, Problem, Result } from "../jobs/models";
import { findProduct } from "../jobs/product";
import { Tokens } from "../jobs/token";
import { speak, t } from "../locales/strings";
import type { Described, Dialog, Page } from "../widget/bundles";
import type { TryOnOptions } from "../widget/public";
import { JOB_KEY, read } from "../widget/storage";
import * as deeds from "./actions";
import { Tracker } from "./analytics";
import { listen } from "./browser-events";
import { type Config, readConfig } from "./config";
import { Frame } from "./element";
import { askFor, type Said, tell } from "./page-events";
import { Intake } from "./photo-picker";
import { Scene } from "./presenter";
import { takeKept } from "./resume-state";
import type { Tools } from "./tools";

declare const __TOOLS__: string;

/** Screens on which a shopper has something to lose. */
const AT_WORK = ["photo", "working", "result"];

export class TryOn implements Dialog {
  #config: Config;
  #jobs: Jobs | undefined;
  // Tells answers to this opening from late ones to earlier ones.
  #opening = 0;
  // The shop's own paywall or log-in has taken over.
  #interrupted = false;
  readonly #end = new AbortController();
  readonly #tokens = new Tokens(async () => {
    const { getToken } = this.page.settings;
    return getToken ? getToken() : (await this.#backend.session()).token;
  });
  readonly #frame = new Frame(
    () => this.close(),
    () => this.#reopen(),
  );
  readonly #tracker: Tracker;
  readonly #backend: Backend;
  readonly #scene: Scene;
  readonly #intake: Intake;
  readonly #stage: deeds.Stage;

  constructor(
    private readonly page: Page,
    language: string,
  ) {
    const config = () => this.#config;
    this.#config = readConfig(page.settings);
    this.#tokens.set(this.#config.token);
    this.#tracker = new Tracker(page.settings, this.#end.signal);
    this.#backend = new Backend(
      () => this.#config.apiUrl,
      () => this.#tracker.sessionId(),
    );
    this.#stage = this.#makeStage();
    const actions = deeds.actionsOf(this.#stage);
    this.#scene = new Scene(this.#frame, page.settings, this.#tracker, config, actions);
    this.#intake = new Intake(
      this.#frame,
      config,
      (happening) => this.#scene.happen(happening),
      () => ["photo", "result"].includes(this.#scene.model.screen.name),
      () => this.#loadTools(),
      (photo) => this.#renew(photo),
    );
    this.update(language);
    this.#listen();
    this.#scene.prepare();
    if (read(JOB_KEY)) void this.#pickUp();
  }

  update(language: string): void {
    const { token } = this.#config;
    this.#config = readConfig(this.page.settings);
    // The page's first one may have been renewed meanwhile.
    if (this.#config.token !== token) this.#tokens.set(this.#config.token);
    speak(language, this.page.parts[`locale-${language}`] ?? [], this.#config.strings);
    if (this.#frame.dialog.open) this.#scene.dress();
  }

  open(described: Described, opener: Element | null, photo?: Blob): void {
    const scene = this.#scene;
    const product = findProduct(described, this.page.settings);
    scene.opener = opener ?? scene.opener;
    const { token } = described as TryOnOptions;
    if (token) this.#tokens.set(token);
    const { image, id } = scene.model.product;
    const same = image === product.image && id === product.id;
    // A trigger's own listener may ask for what its click has opened already.
    if (same && this.#frame.dialog.open && AT_WORK.includes(scene.model.screen.name)) return;
    if (same && (this.#jobs?.running || scene.unseen)) {
      this.#reopen();
      return;
    }
    this.#jobs?.leaveBehind();
    this.#intake.drop();
    this.#opening++;
    this.#interrupted = scene.unseen = false;
    scene.turnTo(product, this.#config.loginUrl);
    scene.show();
    this.#tokens.keepFresh();
    this.#tracker.track("WIDGET_OPENED", product);
    if (product.image) void this.#readStatus();
    else this.#fail(fault("noProduct"));
    if (photo) void this.#intake.take(photo);
  }

  close(): void {
    if (!this.#frame.holdsPage) return;
    this.#jobs?.stop();
    this.#opening++;
    this.#scene.leave();
    this.#tokens.rest();
    if (this.#scene.working) this.#scene.happen({ type: "backToPhoto" });
    this.#tracker.track("CLOSED", this.#scene.model.product);
  }

  resume(linked = false): void {
    const kept = takeKept();
    const product = kept?.product ?? (this.#interrupted && this.#scene.model.product);
    if (product) this.open(product, null);
    else if (linked && !read(JOB_KEY)) this.open({}, null);
    if (kept?.photo) {
      this.#takeKept(kept.photo).catch(() =>
        this.#scene.happen({ type: "badPhoto", message: t("offline") }),
      );
    }
  }

  async #takeKept(photo: string): Promise<void> {
    const { fromDataUrl } = await this.#loadTools();
    await this.#intake.take(fromDataUrl(photo), t("welcomeBack"));
  }

  destroy(): void {
    this.#end.abort();
    this.#jobs?.stop();
    this.#scene.leave();
    this.#tokens.rest();
    this.#scene.end();
  }

  #makeStage(): deeds.Stage {
    return {
      tracker: this.#tracker,
      backend: this.#backend,
      frame: this.#frame,
      config: () => this.#config,
      model: () => this.#scene.model,
      happen: (happening) => this.#scene.happen(happening),
      close: () => this.close(),
      intake: () => this.#intake,
      minimise: () => this.#minimise(),
      readStatus: () => void this.#readStatus(),
      fail: (problem) => this.#fail(problem),
      tools: () => this.#loadTools(),
      jobs: async () => {
        await this.#loadTools();
        return this.#jobs as Jobs;
      },
    };
  }

  #listen(): void {
    listen(this.#frame, this.#end.signal, {
      close: () => this.close(),
      outside: () => this.#scene.working || this.close(),
      paste: (event) => this.#intake.paste(event),
      comeBack: (long) => this.#comeBack(long),
      restored: () => this.resume(),
      dusk: () => this.#scene.restyle(),
      leavePage: () => this.#leavePage(),
      newPage: () => this.#scene.showMarks(),
    });
  }

  /** Leaves nothing open over another page; a try-on that runs goes on. */
  #leavePage(): void {
    if (this.#scene.working) this.#minimise();
    else this.close();
  }

  #minimise(): void {
    this.#jobs?.putAside(true);
    this.#scene.leave();
    this.#scene.showMarks();
  }

  #reopen(): void {
    this.#jobs?.putAside(false);
    this.#scene.show();
  }

  /** Follows the job that an earlier page of this tab has left running. */
  async #pickUp(): Promise<void> {
    const scene = this.#scene;
    const kept = (await this.#stage.jobs()).pickUp();
    if (!kept || this.#frame.dialog.open) return;
    scene.turnTo(kept.product, this.#config.loginUrl);
    scene.happen({ type: "pickUp", since: kept.at });
    scene.dress();
    if (!kept.aside) scene.show();
  }

  async #loadTools(): Promise<Tools> {
    await this.page.load("tools", __TOOLS__);
    const tools = this.page.parts.tools as Tools;
    if (!this.#scene.tools) {
      this.#scene.tools = tools;
      this.#frame.addStyle(tools.css);
      this.#jobs = new tools.Jobs(this.#backend, this.#tokens, {
        stage: (stage) => this.#scene.happen({ type: "progress", stage }),
        done: (result, job, current) => this.#done(result, job, current),
        failed: (problem) => this.#fail(problem),
      });
    }
    return tools;
  }

  /** Begins anew with the widget that the server has now, where this one's tools are gone. */
  #renew(photo: Blob): Promise<boolean> {
    const { opener, model } = this.#scene;
    return this.page.renew(["open", model.product, opener, photo]);
  }

  async #readStatus(): Promise<void> {
    const opening = this.#opening;
    const status = await deeds.askStatus(this.#stage);
    if (!status || opening !== this.#opening) return;
    if (this.#scene.model.screen.name === "photo" && !this.#mayShow(status)) return;
    this.#scene.happen({ type: "status", status });
  }

  #comeBack(long: boolean): void {
    if (!this.#frame.dialog.open && !this.#jobs?.running) return;
    // A try-on says by itself what is wrong; here nobody has asked yet.
    this.#tokens.get().catch(() => {});
    if (long) void this.#readStatus();
  }

  #done(result: Result, job: Job, wanted: boolean): void {
    const scene = this.#scene;
    scene.unseen ||= wanted && !this.#frame.dialog.open;
    scene.happen({ type: "done", result, quota: job.quota, wanted });
    if (wanted) this.#frame.announce(t(scene.unseen ? "ready" : "result"));
    this.#tracker.track("TRYON_GENERATED", result.product);
    tell("tryon-completed", { id: job.id, image_url: job.image_url, product: result.product });
    void this.#readStatus();
  }

  #fail(problem: Problem): void {
    this.#scene.unseen = !this.#frame.dialog.open;
    if (this.#mayShow(problem)) this.#scene.happen({ type: "problem", problem });
  }

  /** Asks the page whether it wants to take over, and makes room for it if so. */
  #mayShow(said: Said): boolean {
    const ask = askFor(said, this.#config.loginUrl);
    if (!ask) return true;
    const { open } = this.#frame.dialog;
    // While our modal dialog is open, nothing else on the page could be used.
    this.#frame.close();
    const ours = ask();
    if (ours && open) this.#frame.open(this.#scene.opener);
    if (ours) return true;
    this.#interrupted = true;
    this.#scene.unseen = false;
    this.#scene.happen({ type: "backToPhoto" });
    tell("close", { product: this.#scene.model.product });
    return false;
  }
}
