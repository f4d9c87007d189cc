// What the buttons do on screens that follow a photo or an answer of the backend's.

import { localProblem } from "../jobs/backend";
import type { Jobs } from "../jobs/jobs";
import type { Result } from "../jobs/models";
import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import { giveConsent, isConsentNeeded, withdrawConsent } from "./consent";
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

  constructor(context: DialogContext, session: Session, first: FirstActions) {
    this.#context = context;
    this.#session = session;
    this.#first = first;
    // What comes next is not to be deleted with what came before.
    context.store.subscribe(({ type }) => {
      if (NEXT.includes(type)) this.#deletion?.now();
    });
  }

  choose(camera?: boolean): void {
    this.#first.choose(camera);
  }

  usePhone(): void {
    this.#first.usePhone();
  }

  takeSample(src: string): void {
    this.#first.takeSample(src);
  }

  retry(): void {
    this.#first.retry();
  }

  start(): void {
    this.#start().catch(() => this.#session.fail(localProblem("offline")));
  }

  async #start(): Promise<void> {
    if (!this.#checkConsent()) return;
    const jobs = await this.#session.loadJobs();
    const { store } = this.#context;
    const { photo, product, screen } = store.model;
    // A second click while the first is being handled changes nothing.
    if (!photo || screen.name !== "photo") return;
    store.dispatch({ type: "start", since: Date.now() });
    await jobs.start(product, photo);
  }

  /** Return whether the shopper has agreed to the shop's policy; else point at the checkbox. */
  #checkConsent(): boolean {
    const { config, element } = this.#context;
    if (!isConsentNeeded(config)) return true;
    const question = element.part("consent");
    const box = question?.querySelector("input");
    if (box?.checked) {
      giveConsent(config);
      return true;
    }
    const error = question?.querySelector(".error");
    if (error) error.textContent = t("consentFirst");
    box?.setAttribute("aria-invalid", "true");
    box?.focus();
    return false;
  }

  stop(): void {
    void this.#session.loadJobs().then((jobs) => jobs.stop());
    this.backToPhoto();
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
      withdrawConsent();
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
    const made = results.find((each) => each.photo === photo && isSame(each.product, product));
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

  remake(result: Result): void {
    const { store } = this.#context;
    const { product, photo } = result;
    store.dispatch({ type: "backToPhoto", product });
    store.dispatch({ type: "photo", photo });
    this.start();
  }

  download(result: Result): void {
    const remake = () => this.remake(result);
    void this.#context.tools?.downloadResult(result, this.#context.element, remake);
  }

  // Nothing is awaited here: browsers allow some things only during a click. The result's screen
  // has loaded the tools.
  share(result: Result): void {
    const { tools, element, tracker } = this.#context;
    void tools?.shareResult(result, element, tracker, () => this.remake(result));
  }

  addToCart(result: Result): void {
    this.#context.tracker.track("ADDED_TO_CART", result.product);
    // Nothing else on the page can be used while a modal dialog is open.
    this.#session.close();
    this.#context.tools?.addToCart(result, this.#context.config.addToCart);
  }

  async leave(url: string, keepPhoto: boolean): Promise<void> {
    const { product, photo } = this.#context.store.model;
    const tools = keepPhoto && photo && (await this.#context.loadTools());
    saveResumeState(product, tools ? await tools.toDataUrl(photo.blob) : null);
    location.assign(url);
  }
}

function isSame(one: Product, other: Product): boolean {
  return one.id === other.id && one.image === other.image && one.variant === other.variant;
}
