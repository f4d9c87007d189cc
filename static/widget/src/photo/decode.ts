// Decodes photos at the size that is needed.

import { draw, hasPixel } from "./canvas";
import type { PhotoFormat } from "./image-header";
import { withoutOrientation } from "./webp";

type Size = [number, number];

const LONG_SIDE = 1536;
const JPEG_END = new Uint8Array([0xff, 0xd9]);

/** A decoded photo, and the orientation to apply when drawing it. */
export interface Decoded {
  bitmap: ImageBitmap;
  orientation: number;
}

/** Return the size to scale down to: at most LONG_SIDE on the long side. */
export function scaledSize(width: number, height: number): Size {
  const share = Math.min(1, LONG_SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/**
 * Return a decoded photo, or null if the browser cannot decode it.
 *
 * A truncated JPEG is repaired only if what a canvas returns can be relied upon.
 */
export async function decodePhoto(
  file: Blob,
  format: PhotoFormat,
  size: Size | null,
  canvasIsExact: boolean,
): Promise<Decoded | null> {
  let orientation = 1;
  if (format === "webp") [file, orientation] = await withoutOrientation(file);
  let bitmap = await decode(file, size);
  if (!bitmap && format === "jpeg" && canvasIsExact) bitmap = await decodeTruncated(file, size);
  return bitmap && { bitmap, orientation };
}

/** Decode no more pixels than needed, since memory is short on phones. */
async function decode(file: Blob, size: Size | null): Promise<ImageBitmap | null> {
  try {
    if (size) {
      const [resizeWidth] = scaledSize(...size);
      const bitmap = await createImageBitmap(file, { resizeWidth, resizeQuality: "high" });
      // The height differs if the browser has rotated the picture.
      if (Math.abs(bitmap.height - (bitmap.width * size[1]) / size[0]) <= 2) return bitmap;
      bitmap.close();
    }
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

/**
 * Decode a JPEG that lacks its end marker, but nothing else.
 *
 * Bytes inserted in front of the marker change the picture only if pixels are missing.
 */
async function decodeTruncated(file: Blob, size: Size | null): Promise<ImageBitmap | null> {
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
