// Finds the page's own colours, font and corners, and the shop's wishes above them.

import { contrast, luminance, paletteOf, type Rgb, readColour } from "./colour";
import type { Settings } from "./public";
import { SELECTOR } from "./triggers";

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
  primary: Rgb | null;
  font: string;
  corner: number;
}

function readPage(opener: Element | null): Found {
  const body = getComputedStyle(document.body);
  const root = getComputedStyle(document.documentElement);
  const bg = readColour(body.backgroundColor) ?? readColour(root.backgroundColor);
  const text = readColour(body.color);
  const ground = bg ?? (text && luminance(text) > 0.18 ? DARK : LIGHT)[0];
  const trigger = opener?.matches(SELECTOR) ? opener : document.querySelector(SELECTOR);
  const button = trigger && getComputedStyle(trigger);
  const primary = button && readColour(button.backgroundColor);
  const corner = Number.parseFloat(button?.borderTopLeftRadius ?? "");
  return {
    base: text && [ground, text],
    // A browser's own grey button is nobody's choice.
    primary: primary && contrast(primary, ground) > 1.5 ? primary : null,
    font: body.fontFamily,
    corner: Number.isNaN(corner) ? 12 : corner,
  };
}
