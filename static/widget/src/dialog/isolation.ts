// Keeps the page's own dialogs from acting on what is done in ours.
//
// A focus trap listens on the document and takes back the focus, keys and clicks that are not within its
// own dialog. So they end at the window, before it; a click is handed to its listeners from there.

import { hearClick } from "./dom";

const TYPES =
  "focus blur focusin focusout keydown keyup pointerdown pointerup mousedown mouseup touchstart " +
  "touchmove touchend wheel click dblclick";

/** Ends, at the window, whatever of these happens within an element. */
export function shield(host: Element, signal: AbortSignal): void {
  const end = (event: Event) => {
    if (!event.composedPath().includes(host)) return;
    event.stopImmediatePropagation();
    if (event.type === "click") hearClick(event as MouseEvent);
  };
  for (const type of TYPES.split(" ")) {
    // Only a click is ever prevented; a page must not wait for us before it scrolls.
    addEventListener(type, end, { capture: true, passive: type !== "click", signal });
  }
}
