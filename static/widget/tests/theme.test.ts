import { describe, expect, it } from "vitest";
import { rulesOf } from "../src/theme/button";
import { contrast, paletteOf, type Rgb, textOn } from "../src/theme/colour";

const WHITE: Rgb = [255, 255, 255];

describe("colours", () => {
  it.each([
    [
      [255, 255, 0],
      [0, 0, 0],
    ],
    [
      [10, 20, 120],
      [255, 255, 255],
    ],
    [
      [255, 255, 255],
      [0, 0, 0],
    ],
  ] as [Rgb, Rgb][])("on %j have %j text", (ground, text) => {
    expect(textOn(ground)).toEqual(text);
  });

  it("are readable, whatever the shop's are", () => {
    const levels = [0, 60, 119, 128, 190, 255];
    const some = levels.flatMap((r) => levels.map((g): Rgb => [r, g, (r * 2 + g) % 256]));
    const least: Record<string, number> = {};
    const note = (name: string, value: number) => {
      least[name] = Math.min(least[name] ?? 21, value);
    };
    for (const bg of some) {
      for (const colour of some) {
        const palette = paletteOf(bg, colour, colour, colour, textOn(colour));
        for (const ground of [palette.bg, palette.surface]) {
          for (const name of ["text", "soft", "bad"] as const) {
            note("text", contrast(palette[name], ground));
          }
          for (const name of ["primary", "accent"] as const) {
            note("shape", contrast(palette[name], ground));
          }
        }
        note("text", contrast(palette["on-primary"], palette.primary));
      }
    }
    expect(least.text).toBeGreaterThanOrEqual(4.5);
    expect(least.shape).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ["#007bff", [0, 123, 255]],
    ["#28a745", [40, 167, 69]],
    ["#dc3545", [220, 53, 69]],
  ] as [string, Rgb][])("keep the shop's white text on %s", (_, blue) => {
    const { primary, "on-primary": text } = paletteOf(WHITE, [33, 37, 41], blue, null, WHITE);
    expect(text).toEqual(WHITE);
    expect(contrast(primary, WHITE)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(primary, WHITE)).toBeLessThan(4.7);
  });

  it("drop an unreadable text colour", () => {
    const palette = paletteOf(WHITE, [0, 0, 0], [255, 204, 0], null, WHITE);
    expect(palette).toEqual(paletteOf(WHITE, [0, 0, 0], [255, 204, 0], null));
    expect(palette["on-primary"]).toEqual([0, 0, 0]);
  });

  it("keep the shop's readable ones", () => {
    const palette = paletteOf([255, 255, 255], [20, 30, 40], [0, 100, 60], null);
    expect(palette).toMatchObject({ text: [20, 30, 40], primary: [0, 100, 60] });
  });
});

describe("the button", () => {
  it("takes numbers from the tag, and nothing else", () => {
    const rules = rulesOf({
      buttonBorderRadius: "8",
      buttonPaddingX: "20",
      buttonFontSize: "1;color:red",
    });
    expect(rules).toContain("border-radius:8px;padding-inline:20px;");
    expect(rules).not.toContain("red");
  });
});
