// Makes a photo ready to be sent: upright, small enough, and without what the camera wrote into it.

import { strings } from "./strings";
import type { Photo } from "./types";

const LONG_SIDE = 1536;
const SHORTEST_SIDE = 256;
const MOST_BYTES = 400 * 1024;
const QUALITIES = [0.86, 0.78, 0.7, 0.6, 0.5];
const HEIC_BRANDS = new Set(["heic", "heix", "heim", "heis", "mif1", "msf1"]);

export class PhotoError extends Error {}

export type Kind = "jpeg" | "png" | "webp" | "heic";

/** Tells a photo's kind by its first bytes; what the browser calls it is often wrong. */
export function kindOf(head: Uint8Array): Kind | null {
  const text = (from: number, to: number) => String.fromCharCode(...head.slice(from, to));
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp" && HEIC_BRANDS.has(text(8, 12))) return "heic";
  return null;
}

/** Gives the size to scale to: at most LONG_SIDE on the long side, never larger than it is. */
export function scaledSize(width: number, height: number): [number, number] {
  const share = Math.min(1, LONG_SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/** Checks and prepares a file. Throws PhotoError with a sentence for the shopper. */
export async function prepare(file: Blob, mostBytes: number): Promise<Photo> {
  if (file.size === 0) throw new PhotoError(strings.emptyPhoto);
  const kind = kindOf(new Uint8Array(await file.slice(0, 32).arrayBuffer()));
  if (!kind) throw new PhotoError(strings.notAPhoto);
  if (file.size > mostBytes) {
    throw new PhotoError(strings.largePhoto((mostBytes / 1024 / 1024).toFixed(0)));
  }
  const bitmap = await createImageBitmap(file).catch(() => null);
  // Few browsers decode HEIC, but the backend takes it as it is.
  if (!bitmap && kind === "heic") return { blob: file, preview: null };
  if (!bitmap) throw new PhotoError(strings.brokenPhoto);
  try {
    return await redraw(bitmap);
  } finally {
    bitmap.close();
  }
}

async function redraw(bitmap: ImageBitmap): Promise<Photo> {
  if (Math.min(bitmap.width, bitmap.height) < SHORTEST_SIDE) {
    throw new PhotoError(strings.smallPhoto);
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = scaledSize(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  if (!context) throw new PhotoError(strings.brokenPhoto);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  if (isBlank(context)) throw new PhotoError(strings.brokenPhoto);
  // JPEG knows no transparency, and would show it black.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return { blob: await encode(canvas), preview: canvas };
}

/** Some phones give an empty canvas, without an error, when memory is short. */
function isBlank(context: CanvasRenderingContext2D): boolean {
  const { width, height } = context.canvas;
  for (let step = 1; step < 8; step++) {
    const [x, y] = [Math.floor((width * step) / 8), Math.floor((height * step) / 8)];
    if (context.getImageData(x, y, 1, 1).data[3]) return false;
  }
  return true;
}

async function encode(canvas: HTMLCanvasElement): Promise<Blob> {
  let best: Blob | null = null;
  for (const quality of QUALITIES) {
    best = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (best && best.size <= MOST_BYTES) break;
  }
  if (!best) throw new PhotoError(strings.brokenPhoto);
  return best;
}
