// Derives the dialog's colours, font and corners from the page, and from the shop's settings.

import { doc } from "../widget/page";
import type { Settings } from "../widget/public";
import { TRIGGER_SELECTOR } from "../widget/triggers";
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
const MAX_DIALOG_RADIUS = 20;
/** Keeps the copy of a trigger invisible, out of the layout, and without transitions. */
const HIDDEN_COPY = [
  ["position", "fixed"],
  ["visibility", "hidden"],
  ["transition", "none"],
  ["animation", "none"],
] as const;

/** Return the custom properties of the dialog's style sheet; `host` must be on the page. */
export function resolveTheme(
  settings: Settings,
  host: Element,
  opener: Element | null,
): Record<string, string> {
  const own = getComputedStyle(host);
  // A custom property in the shop's style sheet overrides the tag's attribute.
  const setting = (name: string, attribute: unknown) =>
    own.getPropertyValue(`--genvoris-${name}`).trim() || String(attribute ?? "");
  const page = String(settings.autoStyle) === "false" ? null : readPage(opener);
  const dark = matchMedia("(prefers-color-scheme:dark)").matches;
  const [bg, text] = page?.base ?? (dark ? DARK : LIGHT);
  const radius = setting("radius", settings.borderRadius);
  const px = Number.parseFloat(radius);
  const corner = Number.isNaN(px) ? (page?.corner ?? 12) : px;
  const ground = readColour(setting("background", settings.backgroundColor)) ?? bg;
  const palette = paletteOf(
    ground,
    readColour(setting("text", settings.textColor)) ?? text,
    readColour(setting("primary", settings.primaryColor)) ?? page?.primary ?? null,
    readColour(setting("accent", settings.accentColor)),
    page?.onPrimary,
  );
  const theme: Record<string, string> = {
    font: setting("font", settings.fontFamily) || page?.font || FONT,
    r: `${Math.min(corner, MAX_DIALOG_RADIUS)}px`,
    br: `${corner}px`,
    scheme: luminance(ground) < 0.18 ? "dark" : "light",
  };
  for (const [name, rgb] of Object.entries(palette)) theme[name] = `rgb(${rgb.join(" ")})`;
  return theme;
}

interface PageStyle {
  base: [Rgb, Rgb] | null;
  font: string;
  corner: number;
  primary?: Rgb | null | undefined;
  /** The text colour on it. */
  onPrimary?: Rgb | null;
}

function readPage(opener: Element | null): PageStyle {
  const body = getComputedStyle(doc.body);
  const root = getComputedStyle(doc.documentElement);
  const bg = readColour(body.backgroundColor) ?? readColour(root.backgroundColor);
  const text = readColour(body.color);
  const ground = bg ?? (text && luminance(text) > 0.18 ? DARK : LIGHT)[0];
  const page: PageStyle = { base: text && [ground, text], font: body.fontFamily, corner: 12 };
  const trigger = opener?.matches(TRIGGER_SELECTOR) ? opener : doc.querySelector(TRIGGER_SELECTOR);
  return trigger ? { ...page, ...readIdle(trigger, (style) => readButton(style, ground)) } : page;
}

/** Return a button's main colour: its background's, else its border's or its text's. */
function readButton(button: CSSStyleDeclaration, ground: Rgb): Omit<PageStyle, "base" | "font"> {
  const corner = Number.parseFloat(button.borderTopLeftRadius) || 0;
  const filled = readColour(button.backgroundColor);
  const text = readColour(button.color);
  if (filled && contrast(filled, ground) > 1.5) return { corner, primary: filled, onPrimary: text };
  const border = Number.parseFloat(button.borderTopWidth)
    ? readColour(button.borderTopColor)
    : null;
  // The colours of a browser's default button are not the shop's.
  const chosen = button.borderTopStyle === "outset" ? [] : [border, text];
  return { corner, primary: chosen.find((colour) => colour && isProminent(colour, ground)) };
}

/** Whether a border or text colour is more than a pale grey. */
function isProminent(colour: Rgb, ground: Rgb): boolean {
  const bright = Math.max(...colour) - Math.min(...colour) > 60;
  return contrast(colour, ground) >= (bright ? 1.5 : SHAPE);
}

/** Read the style that a trigger has while it is neither hovered nor focused. */
function readIdle<Read>(trigger: Element, read: (style: CSSStyleDeclaration) => Read): Read {
  // Copying a custom element could have side effects.
  const busy = trigger.matches(":hover,:focus,:active,[aria-busy]");
  if (!busy || trigger.localName.includes("-")) return read(getComputedStyle(trigger));
  const copy = trigger.cloneNode() as HTMLElement;
  copy.removeAttribute("aria-busy");
  for (const [name, value] of HIDDEN_COPY) copy.style.setProperty(name, value, "important");
  trigger.after(copy);
  const result = read(getComputedStyle(copy));
  copy.remove();
  return result;
}
