// A readable palette, whatever the shop's colours are (WCAG 2.2: 1.4.3 and 1.4.11).

import { doc } from "../widget/page";

export type Rgb = readonly [red: number, green: number, blue: number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const TEXT = 4.5;
export const SHAPE = 3;

/** The dialog's colours, by the names of their custom properties. */
export type Palette = Record<
  "bg" | "surface" | "text" | "soft" | "line" | "bad" | "primary" | "on-primary" | "accent",
  Rgb
>;

export function luminance(colour: Rgb): number {
  const [r = 0, g = 0, b = 0] = colour.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((level, i) => Math.round(level + ((to[i] ?? 0) - level) * share)) as never;
}

/** Return black or white, whichever has more contrast; it is always at least 4.5. */
export function textOn(colour: Rgb): Rgb {
  return contrast(colour, WHITE) >= contrast(colour, BLACK) ? WHITE : BLACK;
}

/** Move a colour towards another until its contrast is sufficient. */
function ensureContrast(colour: Rgb, towards: Rgb, least: number, ...grounds: Rgb[]): Rgb {
  for (let percent = 0; percent < 100; percent++) {
    const tried = mix(colour, towards, percent / 100);
    if (grounds.every((ground) => contrast(tried, ground) >= least)) return tried;
  }
  return towards;
}

/** Return a button's background and text; the background adapts to a wanted text colour. */
function pairOf(ground: Rgb, wantedText: Rgb | null, ...around: Rgb[]): [ground: Rgb, text: Rgb] {
  if (wantedText) {
    const moved = ensureContrast(ground, textOn(wantedText), TEXT, wantedText);
    if (around.every((each) => contrast(moved, each) >= SHAPE)) return [moved, wantedText];
  }
  return [ground, textOn(ground)];
}

/** Derive the palette; every text has at least AA contrast on every background. */
export function paletteOf(
  bg: Rgb,
  wantedText: Rgb,
  wantedPrimary: Rgb | null,
  wantedAccent: Rgb | null,
  wantedOnPrimary: Rgb | null = null,
): Palette {
  const far = textOn(bg);
  // Towards the text colour, unless that leaves too little contrast for any text.
  const nearer = mix(bg, far, 0.045);
  const enough = contrast(nearer, far) > TEXT + 0.2;
  const surface = enough ? nearer : mix(bg, far === WHITE ? BLACK : WHITE, 0.08);
  const text = ensureContrast(wantedText, far, TEXT, bg, surface);
  const shape = ensureContrast(wantedPrimary ?? text, far, SHAPE, bg, surface);
  const own = wantedPrimary && wantedOnPrimary && contrast(wantedPrimary, wantedOnPrimary);
  const keeps = own && own >= SHAPE ? wantedOnPrimary : null;
  const [primary, onPrimary] = pairOf(shape, keeps, bg, surface);
  const red: Rgb = far === WHITE ? [255, 157, 146] : [163, 38, 27];
  return {
    bg,
    surface,
    text,
    soft: ensureContrast(mix(text, bg, 0.35), far, TEXT + 0.1, bg, surface),
    line: mix(bg, text, 0.2),
    bad: ensureContrast(red, far, TEXT, bg, surface),
    primary,
    "on-primary": onPrimary,
    accent: ensureContrast(wantedAccent ?? primary, far, SHAPE, bg, surface),
  };
}

/** Parse any CSS colour; null if it is invalid or transparent. */
export function readColour(colour: string): Rgb | null {
  // Computed colours nearly always look like this, and a canvas costs milliseconds.
  const plain = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour);
  if (plain) return [Number(plain[1]), Number(plain[2]), Number(plain[3])];
  if (!colour || colour === "rgba(0, 0, 0, 0)" || !CSS.supports("color", colour)) return null;
  const context = doc.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.fillStyle = colour;
  // Names and HSL are returned as #rrggbb; wider gamuts have to be drawn.
  const [, ...levels] = /^#(..)(..)(..)$/.exec(context.fillStyle) ?? [];
  if (levels.length) return levels.map((level) => Number.parseInt(level, 16)) as never;
  context.fillRect(0, 0, 1, 1);
  context.fillStyle = "#123";
  context.fillRect(1, 0, 1, 1);
  const { data } = context.getImageData(0, 0, 2, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0, ...known] = data;
  // Browsers that resist fingerprinting return noise instead of what was drawn.
  const exact = [17, 34, 51].every((level, i) => Math.abs(level - (known[i] ?? 0)) < 3);
  return exact && alpha > 200 ? [red, green, blue] : null;
}
