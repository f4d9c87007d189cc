// Styles the shop's buttons by the script tag's data-button-* attributes.

import { doc } from "../widget/page";

const SELECTOR = ".genvoris-tryon-btn";
const STYLED = "data-genvoris-dressed";
const FLOATING = "data-genvoris-floating";
const ICONS: Record<string, string> = {
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 17a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7z",
  sparkles:
    "M10 4l1.8 5.2L17 11l-5.2 1.8L10 18l-1.8-5.2L3 11l5.2-1.8zM18 3v4M16 5h4M18 16v4M16 18h4",
  shirt: "M9 4L3 7l2 5 2-1v9h10v-9l2 1 2-5-6-3a3 3 0 0 1-6 0z",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  wand: "M4 20L15 9M13 7l4 4M18 3v3M16.5 4.5h3M20 12v3M18.5 13.5h3",
};

/** Return the CSS rules of a design; attributes that are not set leave the shop's own style. */
export function rulesOf(data: Record<string, unknown>): string {
  const px = (property: string, key: string) => {
    const value = Number(data[`button${key}`]);
    return value >= 0 ? `${property}:${value}px;` : "";
  };
  const design =
    px("border-radius", "BorderRadius") +
    px("font-size", "FontSize") +
    px("padding-inline", "PaddingX") +
    px("padding-block", "PaddingY");
  return (
    (design && `${SELECTOR}{${design}}`) +
    `${SELECTOR}>svg{width:1.25em;height:1.25em;vertical-align:-.25em;margin-inline-end:.5em;` +
    "fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}" +
    `${SELECTOR}[${FLOATING}]{position:fixed!important;inset:auto!important;margin:0!important;` +
    `bottom:max(20px,env(safe-area-inset-bottom))!important;${sideOf(data)}:20px!important;` +
    "width:auto!important;min-height:48px;z-index:99999!important;" +
    "box-shadow:0 4px 20px #0004}"
  );
}

function sideOf({ buttonPosition }: Record<string, unknown>): string | undefined {
  return /^floating-(left|right)$/.exec(String(buttonPosition))?.[1];
}

/** Style all present and future buttons. */
export function styleButtons(data: Record<string, unknown>, signal: AbortSignal): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rulesOf(data));
  const sheets = doc.adoptedStyleSheets;
  sheets.push(sheet);
  const watch = new MutationObserver(() => styleNew(data));
  watch.observe(document, { childList: true, subtree: true });
  styleNew(data);
  signal.addEventListener("abort", () => {
    watch.disconnect();
    const at = sheets.indexOf(sheet);
    if (at >= 0) sheets.splice(at, 1); // the page may have replaced them all
  });
}

function styleNew(data: Record<string, unknown>): void {
  for (const button of doc.querySelectorAll(`${SELECTOR}:not([${STYLED}])`)) {
    button.setAttribute(STYLED, "");
    if (!button.textContent?.trim()) button.textContent = String(data.buttonLabel || "");
    const path = ICONS[String(data.buttonIcon)];
    if (path) button.prepend(createIcon(path));
  }
  // Only one button floats; others, such as those of cards, stay in their place.
  if (!sideOf(data) || "noFab" in data) return;
  const find = (selector: string) => doc.querySelector<HTMLElement>(selector);
  const button = find(`[${FLOATING}]`) ?? find(`${SELECTOR}:not([data-genvoris-card])`);
  if (!button) return;
  button.setAttribute(FLOATING, "");
  // A transformed ancestor would take the window's place, except in the top layer.
  if (button.offsetParent) button.popover = "manual";
  if (button.popover) button.togglePopover?.(true);
}

function createIcon(path: string): SVGElement {
  const make = (name: string) => doc.createElementNS("http://www.w3.org/2000/svg", name);
  const svg = make("svg") as SVGElement;
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = make("path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
