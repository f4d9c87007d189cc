// Prepares a photo for submission: upright, small enough, and without the camera's metadata.

import { language, t } from "../locales/strings";
import { canvasNoise, draw, encode, hasPixel, INVISIBLE } from "./canvas";
import { decodePhoto, scaledSize } from "./decode";
import { digestOf } from "./digest";
import { withoutMetadata } from "./heic";
import { detectFormat, HEAD_BYTES, type PhotoFormat, readSize } from "./image-header";

/** A photo that is ready to submit, and its preview, if the browser can draw one. */
export interface Photo {
  blob: Blob;
  preview: HTMLCanvasElement | null;
  /** Recognizes the file that the photo was made from, also after a reload. */
  digest?: string | undefined;
  /** The shopper had it kept in this tab while they were on another page. */
  kept?: boolean;
}

const MIN_SIDE = 256;
const MAX_RATIO = 2.5;
const MAX_MEGAPIXELS = 100;
const MAX_READ_BYTES = 100 * 1024 * 1024;
export const MAX_BYTES = 400 * 1024;

/** Why a photo cannot be used, as a sentence for the shopper. */
export class PhotoError extends Error {}

/** Throw PhotoError if a picture of this size is of no use. */
export function checkSize(width: number, height: number): void {
  const [short = 0, long = 0] = [width, height].sort((a, b) => a - b);
  if (short < MIN_SIDE) throw new PhotoError(t("smallPhoto", { size: MIN_SIDE }));
  if (long / short > MAX_RATIO) throw new PhotoError(t("widePhoto"));
  if (long * short > MAX_MEGAPIXELS * 1e6) {
    throw new PhotoError(t("largePhoto", { size: `${MAX_MEGAPIXELS} MP` }));
  }
}

export interface Limits {
  maxUploadBytes: number;
  /** Whether the backend accepts HEIC pictures. */
  heic: boolean;
}

/** Return a photo that is ready to submit, or a sentence for the shopper on why there is none. */
export async function prepare(file: Blob, limits: Limits): Promise<Photo | string> {
  try {
    return { ...(await read(file, limits)), digest: await digestOf(file) };
  } catch (error) {
    return error instanceof PhotoError ? error.message : t("failed");
  }
}

async function read(file: Blob, limits: Limits): Promise<Photo> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (!head.length) throw new PhotoError(t("brokenPhoto"));
  const format = detectFormat(head);
  if (!format) throw new PhotoError(t("notAPhoto"));
  if (file.size > MAX_READ_BYTES) throw tooLarge(MAX_READ_BYTES);
  const size = readSize(head, format);
  if (size) checkSize(...size);
  const noise = await canvasNoise();
  const decoded = await decodePhoto(file, format, size, !noise);
  // Few browsers decode HEIC, but most backends do.
  if (!decoded && format === "heic") return passThrough(file, format, limits, null);
  if (!decoded) throw new PhotoError(t("brokenPhoto"));
  const { bitmap, orientation } = decoded;
  try {
    checkSize(bitmap.width, bitmap.height);
    const drawn = draw(bitmap, scaledSize(bitmap.width, bitmap.height), orientation);
    const passes = file.size <= maxPassThrough(format, limits);
    if (noise > INVISIBLE || (noise && passes)) {
      return await passThrough(file, format, limits, drawn.canvas);
    }
    return { blob: await redraw(drawn, limits), preview: drawn.canvas };
  } finally {
    bitmap.close();
  }
}

/** Return the canvas as a JPEG. */
async function redraw(drawn: CanvasRenderingContext2D, limits: Limits): Promise<Blob> {
  // Some phones return an empty canvas, without an error, when memory is short.
  if (!hasPixel(drawn, (data, at) => data[at + 3])) throw new PhotoError(t("brokenPhoto"));
  // JPEG has no transparency, and would turn it black.
  drawn.globalCompositeOperation = "destination-over";
  drawn.fillStyle = "#fff";
  drawn.fillRect(0, 0, drawn.canvas.width, drawn.canvas.height);
  const blob = await encode(drawn.canvas, Math.min(limits.maxUploadBytes, MAX_BYTES));
  if (!blob) throw new PhotoError(t("brokenPhoto"));
  return blob;
}

const maxPassThrough = (format: PhotoFormat, limits: Limits) =>
  format === "heic" && !limits.heic ? 0 : limits.maxUploadBytes;

/** Return the file as it is: the backend will remove the camera's metadata. */
async function passThrough(
  file: Blob,
  format: PhotoFormat,
  limits: Limits,
  preview: HTMLCanvasElement | null,
): Promise<Photo> {
  const max = maxPassThrough(format, limits);
  if (file.size > max) throw tooLarge(max);
  const bytes: BlobPart =
    format === "heic" ? withoutMetadata(new Uint8Array(await file.arrayBuffer())) : file;
  return { blob: new Blob([bytes], { type: `image/${format}` }), preview };
}

function tooLarge(bytes: number): PhotoError {
  if (!bytes) return new PhotoError(t("heicPhoto"));
  const format = { style: "unit", unit: "megabyte", maximumFractionDigits: 1 } as const;
  const size = (bytes / 1024 / 1024).toLocaleString(language(), format);
  return new PhotoError(t("largePhoto", { size }));
}
