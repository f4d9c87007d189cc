// One shopper's way through the dialog: opened, closed, minimised, and the job behind it.

import { localProblem } from "../jobs/backend";
import type { JobListener, Jobs } from "../jobs/jobs";
import type { Job, JobStage, Problem, Result, Status } from "../jobs/models";
import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import type { DialogContext } from "./context";
import { emit, takeoverOf } from "./page-events";

export class Session implements JobListener {
  readonly #context: DialogContext;
  #jobs: Jobs | undefined;
  // Distinguishes answers to this opening from late ones to earlier openings.
  #opening = 0;

  constructor(context: DialogContext) {
    this.#context = context;
  }

  get jobRuns(): boolean {
    return Boolean(this.#jobs?.running);
  }

  open(product: Product): void {
    const { store, config, tokens, tracker } = this.#context;
    this.#jobs?.detach();
    this.#opening++;
    store.dispatch({ type: "open", product, loginUrl: config.loginUrl });
    tokens.startRefreshing();
    tracker.track("WIDGET_OPENED", product);
    if (product.image) void this.readStatus();
    else this.fail(localProblem("noProduct"));
  }

  /** Close the dialog. A job that it shows goes on, and can be come back to. */
  close(): void {
    const { store, tokens, tracker } = this.#context;
    if (!store.model.open) return;
    if (store.model.screen.name === "working") {
      this.minimise();
      return;
    }
    this.#opening++;
    store.dispatch({ type: "close" });
    tokens.stopRefreshing();
    tracker.track("CLOSED", store.model.product);
  }

  /** Close the dialog while the job goes on. */
  minimise(): void {
    this.#jobs?.setMinimised(true);
    this.#context.store.dispatch({ type: "minimise" });
  }

  reopen(): void {
    this.#jobs?.setMinimised(false);
    this.#context.store.dispatch({ type: "reopen" });
  }

  end(): void {
    this.#jobs?.stop();
    this.#context.tokens.stopRefreshing();
    this.#context.store.dispatch({ type: "minimise" });
  }

  async loadJobs(): Promise<Jobs> {
    const { Jobs } = await this.#context.loadAll();
    this.#jobs ??= new Jobs(this.#context.backend, this.#context.tokens, this);
    return this.#jobs;
  }

  /** Follow the job that an earlier page of this tab has left running. */
  async followEarlierJob(): Promise<void> {
    const { store, config } = this.#context;
    const job = await (await this.loadJobs()).followEarlier();
    if (!job || store.model.open) return;
    const { product, at: since, aside } = job;
    this.#context.opener ??= this.#context.tools?.findTrigger(product) ?? null;
    store.dispatch({ type: "follow", product, loginUrl: config.loginUrl, since });
    if (!aside) store.dispatch({ type: "reopen" });
    void this.readStatus(); // what cancelling costs depends on it
  }

  /** Ask the backend whether the shopper may try on; without an answer, nothing changes. */
  async readStatus(): Promise<void> {
    const { store } = this.#context;
    const opening = this.#opening;
    await new Promise((resolve) => setTimeout(resolve)); // the dialog is painted first
    // A problem will be reported when the try-on starts.
    const status = await this.#askStatus().catch(() => null);
    if (!status || opening !== this.#opening) return;
    if (store.model.screen.name !== "photo" || this.#mayShow(status)) {
      store.dispatch({ type: "status", status });
    }
  }

  /** Ask for the status, and load the screens that it leads to. */
  async #askStatus(): Promise<Status> {
    const { backend, store } = this.#context;
    const status = await backend.status(store.model.product);
    if (status.access !== "ALLOWED") await this.#context.loadAll();
    else if (status.balance) await this.#context.loadTools();
    return status;
  }

  /** The shopper looks at the page again; `long`: after more than five minutes. */
  onReturn(long: boolean): void {
    if (!this.#context.store.model.open && !this.jobRuns) return;
    // A refresh that fails is reported by the next try-on.
    this.#context.tokens.get().catch(() => {});
    if (long) void this.readStatus();
  }

  onStage(stage: JobStage, charged?: boolean | null): void {
    this.#context.store.dispatch({ type: "progress", stage, charged });
  }

  onDone(result: Result, job: Job, current: boolean): void {
    const { store, element, tracker } = this.#context;
    const { product } = result;
    store.dispatch({ type: "done", result, quota: job.quota, current });
    if (current) element.announce(t(store.model.unseen ? "ready" : "result"));
    tracker.track("TRYON_GENERATED", product);
    emit("tryon-completed", { id: job.id, image_url: job.image_url, product });
    void this.readStatus();
  }

  fail(problem: Problem): void {
    const { store } = this.#context;
    const show = () => {
      if (this.#mayShow(problem)) store.dispatch({ type: "problem", problem });
      if (problem.paywall) void this.readStatus();
    };
    // A try-on fails with everything loaded; before one, the page or the connection may be at fault.
    if (this.#context.features?.outcome) show();
    else {
      const message = problem.detail;
      this.#context.loadAll().then(show, () => store.dispatch({ type: "badPhoto", message }));
    }
  }

  /** Return false if the page shows a paywall or log-in of its own. */
  #mayShow(answer: Status | Problem): boolean {
    const { store, config, tracker } = this.#context;
    const takeover = takeoverOf(answer, config.loginUrl);
    if (!takeover) return true;
    const { open, product } = store.model;
    // Nothing else on the page can be used while a modal dialog is open.
    if (open) store.dispatch({ type: "pause" });
    const ours = takeover();
    if (!ours) {
      if (answer.paywall) tracker.track("PAYWALL_SHOWN", product);
      store.dispatch({ type: "interrupt" });
    } else if (open) store.dispatch({ type: "unpause" });
    return ours;
  }
}
