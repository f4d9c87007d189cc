// Finds the elements that open the dialog, including those that are added later.

export const TRIGGER_SELECTOR = "[data-genvoris-trigger],.genvoris-tryon-btn";

export const FITTING_ROOM = "data-genvoris-fitting-room";

const ANY_TRIGGER = `${TRIGGER_SELECTOR},[${FITTING_ROOM}]`;

/** Return the trigger that an event happened in. */
export function triggerOf(event: Event): HTMLElement | undefined {
  // The whole path, since a trigger may hold, or be in, another component's shadow root.
  return event.composedPath().find(isTrigger);
}

function isTrigger(node: EventTarget): node is HTMLElement {
  // A form's `matches` may be a field of that name.
  return node instanceof HTMLElement && Element.prototype.matches.call(node, ANY_TRIGGER);
}

/** How long a shopper waits for a click to be answered, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Report the trigger that was clicked before this script ran.
 *
 * Browsers remember a page's first click or tap, and no others.
 */
export function onEarlyClick(open: (trigger: HTMLElement) => void): void {
  const now = performance.now();
  new PerformanceObserver((list) => {
    for (const { target, startTime } of list.getEntries() as PerformanceEventTiming[]) {
      const trigger = (target as Element | null)?.closest<HTMLElement>(ANY_TRIGGER);
      const waited = now - startTime;
      if (trigger && waited > 0 && waited < PATIENCE) open(trigger);
    }
  }).observe({ type: "first-input", buffered: true });
}

export const CHECKOUT_SELECTOR = "[data-genvoris-checkout]";
