// What the dialog hears of the browser: clicks beside it, a page that is hidden, left, or restored.

import { doc, globalOf } from "../widget/page";
import { listenToClicks } from "./dom";
import type { Frame } from "./element";
import { shield } from "./isolation";

const LONG_AWAY = 5 * 60 * 1000;

export interface Heard {
  close(): void;
  /** A click beside the dialog. */
  outside(): void;
  paste(event: ClipboardEvent): void;
  /** The page is looked at again; `long`: after more than five minutes. */
  comeBack(long: boolean): void;
  /** The browser shows the page again as it was left. */
  restored(): void;
  /** The system goes from light to dark, or back. */
  dusk(): void;
  /** A page without reloads goes to another one, or has taken the dialog away. */
  leavePage(): void;
  newPage(): void;
}

type Listen = (target: EventTarget, type: string, listener: (event: never) => void) => void;

export function listen(frame: Frame, signal: AbortSignal, heard: Heard): void {
  const { dialog } = frame;
  let hiddenAt = 0;
  const on: Listen = (target, type, listener) =>
    EventTarget.prototype.addEventListener.call(target, type, listener as EventListener, {
      signal,
    });
  on(dialog, "cancel", (event: Event) => {
    if (event.target !== dialog) return; // the file chooser's
    event.preventDefault();
    heard.close();
  });
  // A browser may close a dialog that nobody has touched yet without asking.
  on(dialog, "close", () => frame.closedByItself() && heard.close());
  shield(frame.host, signal);
  listenToClicks(dialog, (event) => event.composedPath()[0] === dialog && heard.outside());
  on(document, "paste", heard.paste);
  on(document, "visibilitychange", () => {
    if (doc.hidden) hiddenAt = Date.now();
    else heard.comeBack(Date.now() - hiddenAt > LONG_AWAY);
  });
  on(window, "pageshow", (event: PageTransitionEvent) => event.persisted && heard.restored());
  on(matchMedia("(prefers-color-scheme:dark)"), "change", heard.dusk);
  // After whatever takes it away has done so: it may not be done with the page.
  frame.host.removed = () => setTimeout(heard.leavePage);
  onBack(on, heard.leavePage);
  for (const type of ["turbo:before-cache", "turbo:before-render"]) {
    on(document, type, () => {
      heard.leavePage();
      frame.detach();
    });
  }
  on(document, "turbo:load", heard.newPage);
}

/** Calls a listener when the shopper goes back, or forward again, without a new page. */
function onBack(on: Listen, listener: () => void): void {
  const navigation = globalOf("navigation");
  // A router's own entry, or a new hash, is no going back; older browsers cannot tell the two apart.
  if (navigation instanceof EventTarget) {
    on(navigation, "currententrychange", (event: Event & { navigationType?: string }) => {
      if (event.navigationType === "traverse") listener();
    });
  } else {
    on(window, "popstate", listener);
  }
}
