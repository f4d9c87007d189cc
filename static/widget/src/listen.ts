// What the dialog hears of the browser: clicks beside it, a page that is hidden, left, or restored.

import type { Frame } from "./frame";

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
  /** A page without reloads goes to another one. */
  leavePage(): void;
  newPage(): void;
}

export function listen(frame: Frame, signal: AbortSignal, heard: Heard): void {
  const { dialog } = frame;
  let hiddenAt = 0;
  const on = (target: EventTarget, type: string, listener: (event: never) => void) =>
    target.addEventListener(type, listener as EventListener, { signal });
  on(dialog, "cancel", (event: Event) => {
    if (event.target !== dialog) return; // the file chooser's
    event.preventDefault();
    heard.close();
  });
  // A browser may close a dialog that nobody has touched yet without asking.
  on(dialog, "close", () => frame.closedByItself() && heard.close());
  on(dialog, "click", (event: Event) => event.target === dialog && heard.outside());
  on(document, "paste", heard.paste);
  on(document, "visibilitychange", () => {
    if (document.hidden) hiddenAt = Date.now();
    else heard.comeBack(Date.now() - hiddenAt > LONG_AWAY);
  });
  on(window, "pageshow", (event: PageTransitionEvent) => event.persisted && heard.restored());
  on(matchMedia("(prefers-color-scheme:dark)"), "change", heard.dusk);
  on(document, "turbo:before-cache", heard.leavePage);
  on(document, "turbo:before-render", heard.leavePage);
  on(document, "turbo:load", heard.newPage);
}
