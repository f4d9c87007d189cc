// The dialog as the widget calls it, and as the browser's events reach it.

import { findProduct } from "../jobs/product";
import { setLanguage, t } from "../locales/strings";
import type { Dialog, ProductInput, WidgetContext } from "../widget/bundles";
import type { TryOnOptions } from "../widget/public";
import { JOB_KEY, KEPT_KEY, readText } from "../widget/storage";
import { type BrowserListener, listenToBrowser } from "./browser-events";
import { DialogContext } from "./context";
import { firstActions } from "./first-actions";
import { PhotoPicker } from "./photo-picker";
import { Presenter } from "./presenter";
import { takeResumeState } from "./resume-state";
import { Session } from "./session";

/** Screens that a repeated request for the same product leaves as they are. */
const BUSY_SCREENS = ["photo", "working", "result"];

export class TryOnDialog implements Dialog, BrowserListener {
  readonly #end = new AbortController();
  readonly #context: DialogContext;
  readonly #session: Session;
  readonly #picker: PhotoPicker;
  readonly #presenter: Presenter;

  constructor(widget: WidgetContext, language: string) {
    const context = new DialogContext(widget, this.#end.signal);
    this.#context = context;
    this.#session = new Session(context);
    this.#picker = new PhotoPicker(context);
    this.update(language);
    const first = firstActions(context, this.#session, this.#picker);
    this.#presenter = new Presenter(context, this.#session, first);
    context.element.onClose = () => this.close();
    context.element.onReopen = () => this.#session.reopen();
    // The tools show what is missing.
    const onMissing = () => context.loadTools().catch(() => {});
    context.element.dialog.addEventListener("error", onMissing, { capture: true, once: true });
    listenToBrowser(context.element, context.signal, this);
    if (readText(JOB_KEY)) void this.#session.followEarlierJob();
  }

  update(language: string): void {
    const { store, config, widget } = this.#context;
    this.#context.updateConfig();
    setLanguage(language, widget.bundles[`locale-${language}`] ?? [], config.strings);
    const refresh = () => store.model.open && this.#presenter.refresh();
    if (this.#context.tools) this.#context.loadTools().then(refresh, refresh);
    else refresh();
  }

  open(input: ProductInput, opener: Element | null, photo?: Blob): void {
    const context = this.#context;
    const session = this.#session;
    const product = findProduct(input, context.widget.settings);
    context.opener = opener ?? context.opener;
    const { token } = input as TryOnOptions;
    if (token) context.tokens.set(token);
    const { product: current, screen, open, unseen } = context.store.model;
    const same = product.image === current.image && product.id === current.id;
    // A trigger's own click listener may ask for what the click has already opened.
    if (same && open && BUSY_SCREENS.includes(screen.name)) return;
    if (same && (session.jobRuns || unseen)) {
      session.reopen();
      return;
    }
    session.open(product);
    // Pictures are kept on this device.
    if (readText(KEPT_KEY, "local")) context.loadTools().catch(() => {});
    if (photo) void this.#picker.take(photo);
  }

  async openFittingRoom(): Promise<void> {
    await this.#context.loadTools();
    this.#context.features?.openFittingRoom();
  }

  close(): void {
    this.#session.close();
  }

  resume(linked = false): void {
    const { model } = this.#context.store;
    const saved = takeResumeState();
    const product = saved?.product ?? (model.interrupted && model.product);
    if (product) this.open(product, null);
    else if (linked && !readText(JOB_KEY)) this.open({}, null);
    if (saved?.photo) void this.#restorePhoto(saved.photo);
  }

  async #restorePhoto(dataUrl: string): Promise<void> {
    const { store, config } = this.#context;
    try {
      await (await this.#context.loadTools()).restorePhoto(store, config, dataUrl);
    } catch {
      store.dispatch({ type: "badPhoto", message: t("offline") });
    }
  }

  destroy(): void {
    this.#end.abort();
    this.#session.end();
    this.#presenter.end();
  }

  onClickOutside(): void {
    if (this.#context.store.model.screen.name !== "working") this.close();
  }

  onPaste(event: ClipboardEvent): void {
    this.#picker.paste(event);
  }

  onReturn(long: boolean): void {
    this.#session.onReturn(long);
  }

  onRestored(): void {
    this.resume();
  }

  onStyleChange(): void {
    this.#presenter.applyTheme();
  }

  /** Leave nothing open over another page; a running try-on goes on. */
  onLeavePage(): void {
    if (this.#context.store.model.screen.name === "working") this.#session.minimise();
    else this.close();
    this.onNewPage();
  }

  /** Show on the page's triggers, which may be copies from a router's cache, what holds now. */
  onNewPage(): void {
    this.#context.element.attach(); // to notice that the next page removes it
    this.#presenter.showBackground();
  }
}
