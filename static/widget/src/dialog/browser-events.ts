// Reports to the dialog what happens around it: clicks beside it, a page hidden, left or restored.

import { doc, globalOf } from "../widget/page";
import { addClickListener } from "./dom";
import type { DialogElement } from "./element";
import { isolateEvents } from "./isolation";

const LONG_AWAY = 5 * 60 * 1000;

export interface BrowserListener {
  close(): void;
  onClickOutside(): void;
  onPaste(event: ClipboardEvent): void;
  /** The shopper looks at the page again; `long`: after more than five minutes. */
  onReturn(long: boolean): void;
  /** The browser shows the page again from its back/forward cache. */
  onRestored(): void;
  /** The page's colours may be others now. */
  onStyleChange(): void;
  /** A page without reloads is left, or has removed the dialog. */
  onLeavePage(): void;
  onNewPage(): void;
}

type Listen = (target: EventTarget, type: string, listener: (event: never) => void) => void;

export function listenToBrowser(
  element: DialogElement,
  signal: AbortSignal,
  listener: BrowserListener,
): void {
  const { dialog } = element;
  const leavePage = () => listener.onLeavePage();
  let hiddenAt = 0;
  const on: Listen = (target, type, handler) =>
    EventTarget.prototype.addEventListener.call(target, type, handler as EventListener, {
      signal,
    });
  on(dialog, "cancel", (event: Event) => {
    if (event.target !== dialog) return; // from the file chooser
    event.preventDefault();
    listener.close();
  });
  // A browser may close a dialog without asking if the shopper has not used it yet.
  on(dialog, "close", () => element.closedByBrowser && listener.close());
  // WebKit would close the popover that the dialog is in as well.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !dialog.open || !element.host.closest("[popover]")) return;
    event.preventDefault();
    listener.close();
  };
  addEventListener("keydown", onKey, { capture: true, signal });
  isolateEvents(element.host, signal);
  addClickListener(dialog, (event) => {
    if (event.composedPath()[0] === dialog) listener.onClickOutside();
  });
  on(document, "paste", (event: ClipboardEvent) => listener.onPaste(event));
  on(document, "visibilitychange", () => {
    if (doc.hidden) hiddenAt = Date.now();
    else listener.onReturn(Date.now() - hiddenAt > LONG_AWAY);
  });
  on(window, "pageshow", (event: PageTransitionEvent) => event.persisted && listener.onRestored());
  const changeStyle = () => listener.onStyleChange();
  on(matchMedia("(prefers-color-scheme:dark)"), "change", changeStyle);
  // A dialog that a page opens by itself may be there before the page's style sheets.
  on(window, "load", changeStyle);
  // Later, since the code that removes the element may not be done with the page.
  element.host.onRemoved = () => setTimeout(leavePage);
  onTraversal(on, leavePage);
  for (const type of ["turbo:before-cache", "turbo:before-render"]) {
    on(document, type, () => {
      leavePage();
      element.detach();
    });
  }
  on(document, "turbo:load", () => listener.onNewPage());
}

/** Call a listener when the shopper goes back or forward without loading a new page. */
function onTraversal(on: Listen, listener: () => void): void {
  const navigation = globalOf("navigation");
  // Not for a router's own entry or a new hash, which older browsers cannot tell from going back.
  if (navigation instanceof EventTarget) {
    on(navigation, "currententrychange", (event: Event & { navigationType?: string }) => {
      if (event.navigationType === "traverse") listener();
    });
  } else {
    on(window, "popstate", listener);
  }
}
