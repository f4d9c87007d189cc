// What the buttons do on screens that follow a photo or an answer of the backend's.

import { localProblem, ProblemError } from "../jobs/backend";
import type { Jobs } from "../jobs/jobs";
import type { Removal, Result } from "../jobs/models";
import { type Reaction, saveReaction } from "../jobs/reactions";
import { findPicture } from "../jobs/same-picture";
import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import { agreed, isTicked, neededConsent, recordConsent } from "./consent";
import type { DialogContext } from "./context";
import { Deletion } from "./deletion";
import { describeResult } from "./picture/pictures";
import type { DialogEvent } from "./reducer";
import { clearResumeState } from "./resume-state";
import { saveResumeState } from "./save-state";
import type { FirstActions, ScreenActions } from "./screens/view";
import type { Session } from "./session";

/** Events after which a deletion can no longer be undone. */
const NEXT: DialogEvent["type"][] = ["open", "follow", "photo", "start"];

export class Actions implements ScreenActions {
  readonly #context: DialogContext;
  readonly #session: Session;
  readonly #first: FirstActions;
  #deletion: Deletion | undefined;
  /** Whether the last try-on was to make a picture once more. */
  #again = false;

  constructor(context: DialogContext, session: Session, first: FirstActions) {
    this.#context = context;
    this.#session = session;
    this.#first = first;
    // What comes next is not to be deleted with what came before.
    context.store.subscribe(({ type }) => {
      if (NEXT.includes(type)) this.#deletion?.now();
    });
  }

  choose(): void {
    this.#first.choose();
  }

  useCamera(): void {
    this.#first.useCamera();
  }

  usePhone(): void {
    this.#first.usePhone();
  }

  takeSample(src: string): void {
    this.#first.takeSample(src);
  }

  /** Repeat the try-on that has failed; without one, begin anew. */
  retry(): void {
    const { screen, photo } = this.#context.store.model;
    if (screen.name !== "problem" || !screen.problem || !photo) {
      this.#first.retry();
      return;
    }
    // What was agreed to here may have been withdrawn, or there is something new.
    if (screen.problem.error === "consent_required") agreed.clear();
    void this.#session.readStatus();
    this.backToPhoto();
    this.#begin(this.#again);
  }

  start(): void {
    this.#begin(false);
  }

  remake({ product, photo }: Result): void {
    const { store } = this.#context;
    if (photo && photo !== store.model.photo) store.dispatch({ type: "photo", photo });
    store.dispatch({ type: "backToPhoto", product });
    this.#begin(true);
  }

  #begin(again: boolean): void {
    this.#again = again;
    this.#start(again).catch((error) => {
      const problem = error instanceof ProblemError ? error.problem : localProblem("offline");
      this.#session.fail(problem);
    });
  }

  async #start(again: boolean): Promise<void> {
    if (!this.#checkConsent()) return;
    const jobs = await this.#session.loadJobs();
    const { store } = this.#context;
    await recordConsent(this.#context);
    const { photo, product, screen, results } = store.model;
    if (!photo || screen.name !== "photo") return;
    const made = again ? undefined : findPicture(results, photo, product);
    if (made) {
      this.showResult(made);
      return;
    }
    const earlier = again ? null : await jobs.findEarlier(product, photo);
    // A second click while the first is being handled changes nothing.
    if (store.model.screen !== screen) return;
    if (earlier && "gone" in earlier) {
      await this.#showCopy({ id: earlier.gone, imageUrl: "", product, photo });
    } else if (earlier?.job.state === "done") {
      const { id, image_url } = earlier.job;
      const result = { id, imageUrl: image_url ?? "", product, photo };
      store.dispatch({ type: "done", result, quota: null, current: true });
    } else {
      store.dispatch({ type: "start", since: Date.now() });
      await (earlier ? jobs.follow(earlier.job, product, photo) : jobs.start(product, photo));
    }
  }

  /** Show the copy on this device of a picture that the shop has deleted. */
  async #showCopy(result: Result): Promise<void> {
    const { store, features } = this.#context;
    store.dispatch({ type: "show", screen: { name: "missing", result, why: "gone" } });
    await features?.openCopy(result.id);
  }

  /** Return whether the shopper has agreed; else point at what is not ticked. */
  #checkConsent(): boolean {
    const { config, element, store } = this.#context;
    const version = neededConsent(store.model, config);
    if (!version) return true;
    // What is to be asked may have arrived after the screen was drawn.
    if (element.part("consent")?.dataset.of !== version) this.backToPhoto();
    return isTicked(element.part("consent"));
  }

  stop(): void {
    const { store, element, tools } = this.#context;
    if (!tools?.isCancelSure(element, store.model)) return;
    this.backToPhoto();
    const { screen } = store.model;
    const say = (outcome: Removal) => {
      // Without a limit, the shopper has nothing to lose.
      if (store.model.screen !== screen || !store.model.limit) return;
      const notice = t(outcome === "cancelled" ? "cancelled" : "cancelledUsed");
      store.dispatch({
        type: "show",
        screen: { name: "photo", reading: false, notice, error: "" },
      });
      void this.#session.readStatus();
    };
    void this.#session.loadJobs().then((jobs) => jobs.stop(say));
  }

  close(): void {
    this.#session.close();
  }

  minimise(): void {
    this.#session.minimise();
  }

  backToPhoto(): void {
    this.#context.store.dispatch({ type: "backToPhoto" });
  }

  /**
   * Delete the photo here and, with every picture generated from it, at the backend.
   *
   * They are gone from the screen at once, and really deleted ten seconds later.
   */
  async deletePhoto(): Promise<void> {
    const { store, element } = this.#context;
    const before = store.model;
    const restore = () => store.dispatch({ type: "undone", before });
    let jobs: Jobs;
    try {
      jobs = await this.#session.loadJobs();
    } catch {
      store.dispatch({ type: "badPhoto", message: t("offline") });
      return;
    }
    const deletion = new Deletion(async () => {
      clearResumeState();
      agreed.clear();
      const { config, features } = this.#context;
      await features?.outcome?.withdrawConsent(config);
      try {
        await jobs.deleteAll();
        const preview = before.photo?.preview;
        if (preview) preview.width = 0;
      } catch {
        restore();
        store.dispatch({ type: "badPhoto", message: t("offline") });
      }
    }, restore);
    store.dispatch({ type: "deleted" });
    element.part("notice")?.append(deletion.button);
    this.#deletion = deletion;
  }

  /** Show what was made of this photo already: making it again would be charged again. */
  tryVariant(product: Product): void {
    const { results, photo } = this.#context.store.model;
    const made = findPicture(results, photo, product);
    if (made) {
      this.showResult(made);
      return;
    }
    this.#context.store.dispatch({ type: "backToPhoto", product });
    this.start();
  }

  showResult(result: Result): void {
    const { store, element } = this.#context;
    store.dispatch({ type: "showResult", result });
    element.announce(describeResult(store.model));
  }

  showBeside(result: Result, beside: Result): void {
    this.#context.store.dispatch({ type: "showResult", result, beside });
  }

  download(result: Result): void {
    const remake = () => this.remake(result);
    void this.#context.tools?.downloadResult(result, this.#context.element, remake);
  }

  // Nothing is awaited here: browsers allow some things only during a click. The result's screen
  // has loaded the rest.
  share(result: Result): void {
    const { tools, element, tracker, features } = this.#context;
    const mark = features?.outcome?.copyMark;
    if (mark) void tools?.shareResult(result, element, tracker, mark, () => this.remake(result));
  }

  react({ id, product }: Result, reaction: Reaction): void {
    saveReaction(id, reaction);
    const { liked, reasons } = reaction;
    const more = reasons.length ? { reasons: reasons.join(" ") } : {};
    this.#context.tracker.track("TRYON_RATED", product, { tryOn: id, liked, ...more });
  }

  addToCart(result: Result): void {
    this.#context.tracker.track("ADDED_TO_CART", result.product);
    // Nothing else on the page can be used while a modal dialog is open.
    this.#session.close();
    this.#context.tools?.addToCart(result, this.#context.config.addToCart);
  }

  async leave(url: string, keepPhoto: boolean): Promise<void> {
    const { product, photo, screen } = this.#context.store.model;
    if (screen.name === "paywall") this.#context.tracker.track("PAYWALL_TAKEN", product);
    const tools = keepPhoto && photo && (await this.#context.loadTools());
    saveResumeState(product, tools ? await tools.toDataUrl(photo.blob) : null);
    location.assign(url);
  }
}
