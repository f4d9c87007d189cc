// Shows the store's state: the dialog's screens, and on the page the job behind a closed dialog.

import { t } from "../locales/strings";
import { resolveTheme } from "../theme/theme";
import type { DialogContext } from "./context";
import { emit } from "./page-events";
import type { DialogEvent, Model } from "./reducer";
import { draw } from "./screens/draw";
import { meter } from "./screens/parts";
import type { FirstActions, ScreenActions } from "./screens/view";
import type { Session } from "./session";

export class Presenter {
  readonly #context: DialogContext;
  readonly #session: Session;
  readonly #first: FirstActions;
  #actions: ScreenActions | undefined;
  #interval = 0;

  constructor(context: DialogContext, session: Session, first: FirstActions) {
    this.#context = context;
    this.#session = session;
    this.#first = first;
    context.store.subscribe((event, before) => this.#update(event, before));
    // The click that opens the dialog has little left to do.
    this.refresh();
    context.element.prepareLayout();
  }

  /** Apply the current language and the page's current colours. */
  refresh(): void {
    this.applyTheme();
    this.#draw(false);
  }

  applyTheme(): void {
    const { element, widget, opener } = this.#context;
    element.attach();
    element.applyTheme(resolveTheme(widget.settings, element.host, opener));
  }

  /** Show on the page what happens, or waits, behind the closed dialog. */
  showBackground(): void {
    const { element, store, tools } = this.#context;
    tools?.showBackground(element, store);
  }

  end(): void {
    clearInterval(this.#interval);
    this.#context.tools?.showTriggerState(this.#context.store.model.product, null);
    this.#context.element.end();
  }

  #update({ type }: DialogEvent, before: Model): void {
    const { element, store, opener, tools } = this.#context;
    const { screen, product, open, results } = store.model;
    if (!open) element.close();
    if (type === "unpause") element.open(opener);
    if (type === "pause" || type === "unpause") return;
    if (type === "open" || type === "reopen" || type === "follow") {
      this.refresh();
    } else if (screen.name === "working" && before.screen.name === "working") {
      this.#showStage();
    } else if (screen !== before.screen || results !== before.results) {
      this.#draw(before.screen.name !== screen.name);
    } else {
      // Drawing the whole screen again could take away a button that is being clicked.
      element.part("meter")?.replaceWith(meter(store.model, tools));
      tools?.showCost(element, store.model);
    }
    if (screen.name === "photo") {
      const text = screen.reading ? t("reading") : screen.notice;
      if (text) element.announce(text);
    }
    if (type === "open" || type === "reopen") element.open(opener);
    this.showBackground();
    if (type === "open" || type === "reopen") emit("open", { product });
    if (before.open && !open && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    if ((before.open && !open) || type === "interrupt") emit("close", { product });
  }

  #draw(focus: boolean): void {
    const { element, store, config, tools, widget, features, tracker } = this.#context;
    const { screen } = store.model;
    const { Actions } = widget.bundles;
    if (Actions) this.#actions ??= new Actions(this.#context, this.#session, this.#first);
    // Every button that needs more is on a screen for which the tools were loaded.
    const actions = this.#actions ?? (this.#first as ScreenActions);
    const view = draw(store.model, actions, config, tools, features?.outcome);
    features?.extend(view);
    element.show(view, focus);
    clearInterval(this.#interval);
    if (screen.name === "working") {
      this.#showStage();
      const { since } = screen;
      this.#interval = window.setInterval(() => tools?.showElapsed(element, since), 1000);
    }
    features?.outcome?.trackView(store.model, tracker);
  }

  #showStage(): void {
    const { element, store, tools } = this.#context;
    const { screen } = store.model;
    if (screen.name !== "working") return;
    tools?.showStage(element, { ...store.model, screen });
  }
}
