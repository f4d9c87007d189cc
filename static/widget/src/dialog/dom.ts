// Creates elements without parsing HTML, since titles and sentences may contain anything.

import { type Key, t } from "../locales/strings";
import { doc } from "../widget/page";

type Listener = (event: Event) => void;
type ClickListener = (event: MouseEvent) => void;
type Attributes = Record<string, string | boolean | null | ClickListener>;
export type Child = Node | string | null | false | undefined;

// Clicks, keys and others never reach the elements themselves: see isolation.ts.
const listeners = new WeakMap<EventTarget, Record<string, Listener>>();

/** Listen to events of a type that ends at the window. */
export function addListener(element: EventTarget, type: string, listener: Listener): void {
  listeners.set(element, { ...listeners.get(element), [type]: listener });
}

export function addClickListener(element: EventTarget, listener: ClickListener): void {
  addListener(element, "click", listener as Listener);
}

/** Call the dialog's listeners of an event, from its target outwards. */
export function dispatchWithin(event: Event): void {
  for (const node of event.composedPath()) listeners.get(node)?.[event.type]?.(event);
}

/** Create an element; an attribute that is a function listens to clicks. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = doc.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") addClickListener(element, value);
    else if (value !== false && value !== null) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

export function button(
  look: "primary" | "secondary" | "quiet",
  label: Key,
  onClick: () => void,
): HTMLButtonElement {
  return el("button", { type: "button", class: look, part: `button ${look}`, onClick }, t(label));
}

/** Create a button with an icon, and its label for screen readers. */
export function iconButton(
  name: string,
  label: Key,
  onClick: () => void,
  path = ICONS.close,
): HTMLButtonElement {
  const text = t(label);
  const attributes = { type: "button", class: "icon", part: name, "aria-label": text, title: text };
  return el("button", { ...attributes, onClick }, icon(path));
}

const SVG = "http://www.w3.org/2000/svg";

/** Create a line icon from a path on a 24 by 24 grid. */
export function icon(path: string): SVGSVGElement {
  const svg = doc.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = doc.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const PERSON = "M12 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM7 22v-8a5 5 0 0 1 10 0v8";

export const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  photo: "M4 8h3l2-3h6l2 3h3v11H4zM12 17a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7z",
  goodPhoto: PERSON,
  badGroup:
    "M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 21v-6a5 5 0 0 1 9-3 5 5 0 0 1 9 3v6M16 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  badDark: "M20 14A8.5 8.5 0 1 1 10 4a7 7 0 0 0 10 10z",
  badCut: "M7 3v14h14M3 7h14v14",
};
