// Finds the page's own colours, font and corners, and the shop's wishes above them.

import { doc } from "../widget/page";
import type { Settings } from "../widget/public";
import { SELECTOR } from "../widget/triggers";
import { contrast, luminance, paletteOf, type Rgb, readColour, SHAPE } from "./colour";

const LIGHT: [Rgb, Rgb] = [
  [255, 255, 255],
  [31, 28, 25],
];
const DARK: [Rgb, Rgb] = [
  [27, 26, 24],
  [244, 240, 234],
];
const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif';
const ROUNDEST_DIALOG = 20;
/** What keeps a copy of a trigger from being seen, reached, or on its way to another look. */
const TWIN = [
  ["position", "fixed"],
  ["visibility", "hidden"],
  ["transition", "none"],
  ["animation", "none"],
] as const;

/** Gives the custom properties of the dialog's style sheet; `host` must be on the page. */
export function lookOf(
  settings: Settings,
  host: Element,
  opener: Element | null,
): Record<string, string> {
  const own = getComputedStyle(host);
  // A custom property in the shop's style sheet goes before the tag's attribute.
  const wish = (name: string, attribute: unknown) =>
    own.getPropertyValue(`--genvoris-${name}`).trim() || String(attribute ?? "");
  const page = String(settings.autoStyle) === "false" ? null : readPage(opener);
  const dark = matchMedia("(prefers-color-scheme:dark)").matches;
  const [bg, text] = page?.base ?? (dark ? DARK : LIGHT);
  const radius = wish("radius", settings.borderRadius);
  const px = Number.parseFloat(radius);
  const corner = Number.isNaN(px) ? (page?.corner ?? 12) : px;
  const ground = readColour(wish("background", settings.backgroundColor)) ?? bg;
  const palette = paletteOf(
    ground,
    readColour(wish("text", settings.textColor)) ?? text,
    readColour(wish("primary", settings.primaryColor)) ?? page?.primary ?? null,
    readColour(wish("accent", settings.accentColor)),
    page?.onPrimary,
  );
  const look: Record<string, string> = {
    font: wish("font", settings.fontFamily) || page?.font || FONT,
    r: `${Math.min(corner, ROUNDEST_DIALOG)}px`,
    br: `${corner}px`,
    scheme: luminance(ground) < 0.18 ? "dark" : "light",
  };
  for (const [name, rgb] of Object.entries(palette)) look[name] = `rgb(${rgb.join(" ")})`;
  return look;
}

interface Found {
  base: [Rgb, Rgb] | null;
  font: string;
  corner: number;
  primary?: Rgb | null | undefined;
  /** The text on it. */
  onPrimary?: Rgb | null;
}

function readPage(opener: Element | null): Found {
  const body = getComputedStyle(doc.body);
  const root = getComputedStyle(doc.documentElement);
  const bg = readColour(body.backgroundColor) ?? readColour(root.backgroundColor);
  const text = readColour(body.color);
  const ground = bg ?? (text && luminance(text) > 0.18 ? DARK : LIGHT)[0];
  const page: Found = { base: text && [ground, text], font: body.fontFamily, corner: 12 };
  const trigger = opener?.matches(SELECTOR) ? opener : doc.querySelector(SELECTOR);
  return trigger ? { ...page, ...readAtRest(trigger, (style) => buttonOf(style, ground)) } : page;
}

/** Returns a button's main colour: its ground's, else its border's or its text's. */
function buttonOf(button: CSSStyleDeclaration, ground: Rgb): Omit<Found, "base" | "font"> {
  const corner = Number.parseFloat(button.borderTopLeftRadius) || 0;
  const filled = readColour(button.backgroundColor);
  const text = readColour(button.color);
  if (filled && contrast(filled, ground) > 1.5) return { corner, primary: filled, onPrimary: text };
  const border = Number.parseFloat(button.borderTopWidth)
    ? readColour(button.borderTopColor)
    : null;
  // A browser's own grey button is nobody's choice.
  const chosen = button.borderTopStyle === "outset" ? [] : [border, text];
  return { corner, primary: chosen.find((colour) => colour && isMain(colour, ground)) };
}

/** Says whether a line or a text is more than a pale grey. */
function isMain(colour: Rgb, ground: Rgb): boolean {
  const bright = Math.max(...colour) - Math.min(...colour) > 60;
  return contrast(colour, ground) >= (bright ? 1.5 : SHAPE);
}

/** Reads how a trigger looks when neither the mouse nor the focus is on it. */
function readAtRest<Read>(trigger: Element, read: (style: CSSStyleDeclaration) => Read): Read {
  // A shop's own kind of element may do something when there is another.
  const busy = trigger.matches(":hover,:focus,:active,[aria-busy]");
  if (!busy || trigger.localName.includes("-")) return read(getComputedStyle(trigger));
  const twin = trigger.cloneNode() as HTMLElement;
  twin.removeAttribute("aria-busy");
  for (const [name, value] of TWIN) twin.style.setProperty(name, value, "important");
  trigger.after(twin);
  const found = read(getComputedStyle(twin));
  twin.remove();
  return found;
}
