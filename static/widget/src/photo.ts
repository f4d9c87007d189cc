// Makes a photo ready to be sent: upright, small enough, and without what the camera wrote into it.

import { withoutMetadata } from "./heic";
import { HEAD_BYTES, kindOf, sizeOf } from "./measure";
import { spoken, t } from "./strings";
import type { Photo } from "./types";

const LONG_SIDE = 1536;
const SHORTEST_SIDE = 256;
const WIDEST = 2.5;
const MEGAPIXELS = 100;
const MOST_READ_BYTES = 100 * 1024 * 1024;
export const MOST_BYTES = 400 * 1024;
const QUALITIES = [0.86, 0.75, 0.6, 0.45];

export class PhotoError extends Error {}

/** Gives the size to scale to: at most LONG_SIDE on the long side, never larger than it is. */
export function scaledSize(width: number, height: number): [number, number] {
  const share = Math.min(1, LONG_SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/** Throws with a sentence when a picture of this size is of no use. */
export function checkSize(width: number, height: number): void {
  const [short = 0, long = 0] = [width, height].sort((a, b) => a - b);
  if (short < SHORTEST_SIDE) throw new PhotoError(t("smallPhoto", { size: SHORTEST_SIDE }));
  if (long / short > WIDEST) throw new PhotoError(t("widePhoto"));
  if (long * short > MEGAPIXELS * 1e6) {
    throw new PhotoError(t("largePhoto", { size: `${MEGAPIXELS} MP` }));
  }
}

export interface Limits {
  maxUploadBytes: number;
  /** Whether the backend takes HEIC pictures. */
  heic: boolean;
}

/** Gives a file ready to be sent, or a sentence for the shopper that says why it cannot be. */
export async function prepare(file: Blob, limits: Limits): Promise<Photo | string> {
  try {
    return await read(file, limits);
  } catch (error) {
    return error instanceof PhotoError ? error.message : t("failed");
  }
}

async function read(file: Blob, limits: Limits): Promise<Photo> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (!head.length) throw new PhotoError(t("brokenPhoto"));
  const kind = kindOf(head);
  if (!kind) throw new PhotoError(t("notAPhoto"));
  if (file.size > MOST_READ_BYTES) throw tooLarge(MOST_READ_BYTES);
  const size = sizeOf(head, kind);
  if (size) checkSize(...size);
  const bitmap = await decode(file, size).catch(() => null);
  if (!bitmap && kind === "heic") {
    const most = limits.heic ? limits.maxUploadBytes : 0;
    if (file.size > most) throw tooLarge(most);
    // Few browsers decode HEIC, but most backends do.
    const bytes = withoutMetadata(new Uint8Array(await file.arrayBuffer()));
    return { blob: new Blob([bytes as BlobPart], { type: "image/heic" }), preview: null };
  }
  if (!bitmap) throw new PhotoError(t("brokenPhoto"));
  try {
    if (!size) checkSize(bitmap.width, bitmap.height);
    return await redraw(bitmap, Math.min(limits.maxUploadBytes, MOST_BYTES));
  } finally {
    bitmap.close();
  }
}

/** Decodes to the size that is needed, upright: phones have no memory for more. */
async function decode(file: Blob, size: [number, number] | null): Promise<ImageBitmap> {
  if (!size) return createImageBitmap(file);
  const [resizeWidth, resizeHeight] = scaledSize(...size);
  return createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
}

async function redraw(bitmap: ImageBitmap, mostBytes: number): Promise<Photo> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = scaledSize(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  if (!context) throw new PhotoError(t("brokenPhoto"));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  if (isBlank(context)) throw new PhotoError(t("brokenPhoto"));
  // JPEG knows no transparency, and would show it black.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return { blob: await encode(canvas, mostBytes), preview: canvas };
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

async function encode(canvas: HTMLCanvasElement, mostBytes: number): Promise<Blob> {
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((done) =>
      canvas.toBlob(done, "image/jpeg", quality),
    );
    if (!blob) throw new PhotoError(t("brokenPhoto"));
    if (blob.size <= mostBytes) return blob;
  }
  return encode(shrunk(canvas), mostBytes);
}

/** Gives half as many pixels, for the rare picture that hardly compresses. */
function shrunk(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const smaller = document.createElement("canvas");
  [smaller.width, smaller.height] = [canvas.width * 0.7, canvas.height * 0.7];
  smaller.getContext("2d")?.drawImage(canvas, 0, 0, smaller.width, smaller.height);
  return smaller;
}

function tooLarge(bytes: number): PhotoError {
  if (!bytes) return new PhotoError(t("heicPhoto"));
  const format = { style: "unit", unit: "megabyte", maximumFractionDigits: 1 } as const;
  const size = (bytes / 1024 / 1024).toLocaleString(spoken(), format);
  return new PhotoError(t("largePhoto", { size }));
}
