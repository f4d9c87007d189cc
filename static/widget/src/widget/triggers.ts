// Finds the elements that open the dialog, including those that are added later.

export const TRIGGER_SELECTOR = "[data-genvoris-trigger],.genvoris-tryon-btn";

export const FITTING_ROOM = "data-genvoris-fitting-room";

/** Return the trigger that an event happened in. */
export function triggerOf(event: Event): HTMLElement | undefined {
  // The whole path, since a trigger may hold, or be in, another component's shadow root.
  return event.composedPath().find((node): node is HTMLElement => isTrigger(node));
}

function isTrigger(node: EventTarget): boolean {
  // A form's `matches` may be a field of that name.
  return (
    node instanceof HTMLElement &&
    Element.prototype.matches.call(node, `${TRIGGER_SELECTOR},[${FITTING_ROOM}]`)
  );
}

export const CHECKOUT_SELECTOR = "[data-genvoris-checkout]";
