// Finds the elements that open a try-on, also those that are added later.

export const SELECTOR = "[data-genvoris-trigger],.genvoris-tryon-btn";

/** Returns the trigger that an event happened in. */
export function triggerOf(event: Event): HTMLElement | undefined {
  // The whole path, since a trigger may hold, or be in, another component's shadow root.
  return event.composedPath().find((node): node is HTMLElement => isTrigger(node));
}

function isTrigger(node: EventTarget): boolean {
  // A form's own `matches` may be a field of that name.
  return node instanceof HTMLElement && Element.prototype.matches.call(node, SELECTOR);
}

export const CHECKOUT = "[data-genvoris-checkout]";
