// Keeps the page's own dialogs from reacting to events within ours.
//
// A focus trap listens on the document and takes back focus, keys and clicks outside of its own
// dialog. So these events end at the window, before they reach it, and are dispatched from there.

import { dispatchWithin } from "./dom";

const TYPES =
  "focus blur focusin focusout keydown keyup pointerdown pointerup mousedown mouseup touchstart " +
  "touchmove touchend wheel click dblclick";

/** Stop events within an element at the window. */
export function isolateEvents(host: Element, signal: AbortSignal): void {
  const stop = (event: Event) => {
    if (!event.composedPath().includes(host)) return;
    // The browser would enlarge the whole page; a passive listener cannot prevent that.
    if (event.type === "wheel" && (event as WheelEvent).ctrlKey) return;
    event.stopImmediatePropagation();
    dispatchWithin(event);
  };
  for (const type of TYPES.split(" ")) {
    // Passive where scrolling would otherwise wait for us.
    addEventListener(type, stop, { capture: true, passive: /touch|wheel/.test(type), signal });
  }
}
