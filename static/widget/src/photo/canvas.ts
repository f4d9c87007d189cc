// Draws photos on a canvas, and reads pixels and files from it.

import { doc } from "../widget/page";

const ROWS = 64;
const QUALITIES = [0.86, 0.75, 0.6, 0.45];
// Neighbours all differ, so that stripes, noise and a single colour are detected.
const PATTERN = Array.from({ length: 64 }, (_, i) => [
  (i * 37) % 256,
  (i * 101) % 256,
  255 - i * 4,
]);
type Axes = [number, number, number, number];
// The directions of a stored picture's x and y axes, by orientation (Exif 2.3, 4.6.4).
const AXES: Record<number, Axes> = {
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, 1, -1, 0],
  7: [0, -1, -1, 0],
  8: [0, -1, 1, 0],
};

function newCanvas(width: number, height: number): CanvasRenderingContext2D {
  const canvas = doc.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  // WebKit does not paint an accelerated canvas again once it was removed from the page.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("There is no canvas.");
  return context;
}

/** Draw a picture at this size, with its orientation applied. */
export function draw(
  bitmap: ImageBitmap,
  [width, height]: readonly [number, number],
  orientation: number,
): CanvasRenderingContext2D {
  const context = orientation > 4 ? newCanvas(height, width) : newCanvas(width, height);
  const { canvas } = context;
  const [a, b, c, d] = AXES[orientation] ?? [1, 0, 0, 1];
  context.imageSmoothingQuality = "high";
  context.setTransform(a, b, c, d, a + c < 0 ? canvas.width : 0, b + d < 0 ? canvas.height : 0);
  context.drawImage(bitmap, 0, 0, width, height);
  context.resetTransform();
  return context;
}

/** Return a JPEG of at most `maxBytes` bytes; null if the browser cannot create one. */
export async function encode(canvas: HTMLCanvasElement, maxBytes: number): Promise<Blob | null> {
  for (const quality of QUALITIES) {
    const blob = await toBlob(canvas, "image/jpeg", quality);
    if (!blob || blob.size <= maxBytes) return blob;
  }
  // Half the pixels, for the rare picture that hardly compresses.
  const smaller = newCanvas(canvas.width * 0.7, canvas.height * 0.7);
  smaller.drawImage(canvas, 0, 0, smaller.canvas.width, smaller.canvas.height);
  return encode(smaller.canvas, maxBytes);
}

export function toBlob(
  canvas: HTMLCanvasElement,
  type: string,
  quality?: number,
): Promise<Blob | null> {
  return new Promise((done) => canvas.toBlob(done, type, quality));
}

/** A difference, of 255 levels, that nobody sees. */
export const INVISIBLE = 2;

/**
 * Return by how many levels, of 255, a canvas differs from what was drawn.
 *
 * Browsers that resist fingerprinting add some noise, or return only noise, without an error.
 */
export async function canvasNoise(): Promise<number> {
  try {
    const drawn = newCanvas(8, 8);
    PATTERN.forEach((colour, i) => {
      drawn.fillStyle = `rgb(${colour})`;
      drawn.fillRect(i % 8, i >> 3, 1, 1);
    });
    const file = (await toBlob(drawn.canvas, "image/png")) as Blob;
    const { data } = draw(await createImageBitmap(file), [8, 8], 1).getImageData(0, 0, 8, 8);
    const levels = PATTERN.flatMap((colour) => [...colour, 255]);
    return Math.max(...levels.map((level, i) => Math.abs(level - (data[i] ?? 0))));
  } catch {
    return 255;
  }
}

/** Return whether any pixel passes a test of its red, green, blue and alpha. */
export function hasPixel(
  context: CanvasRenderingContext2D,
  test: (data: Uint8ClampedArray, at: number) => unknown,
): boolean {
  const { width, height } = context.canvas;
  // In strips: the first is nearly always enough, and the whole picture takes megabytes.
  for (let top = 0; top < height; top += ROWS) {
    const { data } = context.getImageData(0, top, width, Math.min(ROWS, height - top));
    for (let at = 0; at < data.length; at += 4) if (test(data, at)) return true;
  }
  return false;
}
