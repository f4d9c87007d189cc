// Decodes photos at the size that is needed, the right way up.

import { draw, hasPixel } from "./canvas";
import type { Kind } from "./image-header";
import { unturned } from "./webp";

type Size = [number, number];

const LONG_SIDE = 1536;
const JPEG_END = new Uint8Array([0xff, 0xd9]);

/** A decoded photo, and how it still has to be turned. */
export interface Decoded {
  bitmap: ImageBitmap;
  orientation: number;
}

/** Returns the size to scale to: at most LONG_SIDE on the long side, never larger than it is. */
export function scaledSize(width: number, height: number): Size {
  const share = Math.min(1, LONG_SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/**
 * Returns a decoded photo, or null when the browser cannot decode it.
 *
 * `honest` says whether a canvas can be read back, without which no JPEG is mended.
 */
export async function decodePhoto(
  file: Blob,
  kind: Kind,
  size: Size | null,
  honest: boolean,
): Promise<Decoded | null> {
  let orientation = 1;
  if (kind === "webp") [file, orientation] = await unturned(file);
  let bitmap = await decode(file, size);
  if (!bitmap && kind === "jpeg" && honest) bitmap = await decodeUnfinished(file, size);
  return bitmap && { bitmap, orientation };
}

/** Decodes no more pixels than are needed: phones have no memory for them. */
async function decode(file: Blob, size: Size | null): Promise<ImageBitmap | null> {
  try {
    if (size) {
      const [resizeWidth] = scaledSize(...size);
      const bitmap = await createImageBitmap(file, { resizeWidth, resizeQuality: "high" });
      // Its height follows from its shape, which is another one where the browser turned it.
      if (Math.abs(bitmap.height - (bitmap.width * size[1]) / size[0]) <= 2) return bitmap;
      bitmap.close();
    }
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

/**
 * Decodes a JPEG whose end marker is missing, if nothing else is: other bytes in front of the
 * marker are seen only where they are taken for missing pixels.
 */
async function decodeUnfinished(file: Blob, size: Size | null): Promise<ImageBitmap | null> {
  const more = Uint8Array.from({ length: 4096 }, (_, i) => (i * 89) % 251);
  const whole = await decode(new Blob([file, JPEG_END]), size);
  const padded = whole && (await decode(new Blob([file, more, JPEG_END]), size));
  if (!padded) return null;
  const drawn = draw(whole, scaledSize(whole.width, whole.height), 1);
  drawn.globalCompositeOperation = "difference";
  drawn.drawImage(padded, 0, 0, drawn.canvas.width, drawn.canvas.height);
  padded.close();
  if (!hasPixel(drawn, (data, at) => data[at] || data[at + 1] || data[at + 2])) return whole;
  whole.close();
  return null;
}
