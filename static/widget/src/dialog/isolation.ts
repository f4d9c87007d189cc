// Keeps the page's own dialogs from reacting to events within ours.
//
// A focus trap listens on the document and takes back focus, keys and clicks outside of its own
// dialog. So these events end at the window, before they reach it, and clicks are dispatched from there.

import { dispatchClick } from "./dom";

const TYPES =
  "focus blur focusin focusout keydown keyup pointerdown pointerup mousedown mouseup touchstart " +
  "touchmove touchend wheel click dblclick";

/** Stop events within an element at the window. */
export function isolateEvents(host: Element, signal: AbortSignal): void {
  const stop = (event: Event) => {
    if (!event.composedPath().includes(host)) return;
    event.stopImmediatePropagation();
    if (event.type === "click") dispatchClick(event as MouseEvent);
  };
  for (const type of TYPES.split(" ")) {
    // Passive, so that scrolling never waits for us; only clicks are ever prevented.
    addEventListener(type, stop, { capture: true, passive: type !== "click", signal });
  }
}
