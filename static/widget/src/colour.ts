// Finds a text colour that can be read on the shop's own colour.

/** Gives black or white, whichever stands out more (WCAG 2.2, relative luminance). */
export function textOn(red: number, green: number, blue: number): "#000" | "#fff" {
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#fff" : "#000";
}

/** Reads any colour that CSS knows; null when it is none. */
export function readColour(colour: string): [number, number, number] | null {
  if (!CSS.supports("color", colour)) return null;
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return null;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
