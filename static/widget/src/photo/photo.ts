// Makes a photo ready to be sent: upright, small enough, and without what the camera wrote into it.

import type { Photo } from "../jobs/models";
import { spoken, t } from "../locales/strings";
import { canvasNoise, draw, encode, hasPixel, INVISIBLE } from "./canvas";
import { decodePhoto, scaledSize } from "./decode";
import { withoutMetadata } from "./heic";
import { HEAD_BYTES, type Kind, kindOf, sizeOf } from "./image-header";

const SHORTEST_SIDE = 256;
const WIDEST = 2.5;
const MEGAPIXELS = 100;
const MOST_READ_BYTES = 100 * 1024 * 1024;
export const MOST_BYTES = 400 * 1024;

export class PhotoError extends Error {}

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

/** Returns a file ready to be sent, or a sentence for the shopper that says why it cannot be. */
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
  const noise = await canvasNoise();
  const decoded = await decodePhoto(file, kind, size, !noise);
  // Few browsers decode HEIC, but most backends do.
  if (!decoded && kind === "heic") return asItIs(file, kind, limits, null);
  if (!decoded) throw new PhotoError(t("brokenPhoto"));
  const { bitmap, orientation } = decoded;
  try {
    checkSize(bitmap.width, bitmap.height);
    const drawn = draw(bitmap, scaledSize(bitmap.width, bitmap.height), orientation);
    const goesAsItIs = file.size <= mostAsItIs(kind, limits);
    if (noise > INVISIBLE || (noise && goesAsItIs)) {
      return await asItIs(file, kind, limits, drawn.canvas);
    }
    return { blob: await redraw(drawn, limits), preview: drawn.canvas };
  } finally {
    bitmap.close();
  }
}

/** Returns what is on a canvas as a JPEG. */
async function redraw(drawn: CanvasRenderingContext2D, limits: Limits): Promise<Blob> {
  // Some phones give an empty canvas, without an error, when memory is short.
  if (!hasPixel(drawn, (data, at) => data[at + 3])) throw new PhotoError(t("brokenPhoto"));
  // JPEG knows no transparency, and would show it black.
  drawn.globalCompositeOperation = "destination-over";
  drawn.fillStyle = "#fff";
  drawn.fillRect(0, 0, drawn.canvas.width, drawn.canvas.height);
  const blob = await encode(drawn.canvas, Math.min(limits.maxUploadBytes, MOST_BYTES));
  if (!blob) throw new PhotoError(t("brokenPhoto"));
  return blob;
}

const mostAsItIs = (kind: Kind, limits: Limits) =>
  kind === "heic" && !limits.heic ? 0 : limits.maxUploadBytes;

/** Hands a photo on undrawn: the backend cuts out what the camera wrote into it. */
async function asItIs(
  file: Blob,
  kind: Kind,
  limits: Limits,
  preview: HTMLCanvasElement | null,
): Promise<Photo> {
  const most = mostAsItIs(kind, limits);
  if (file.size > most) throw tooLarge(most);
  const bytes: BlobPart =
    kind === "heic" ? withoutMetadata(new Uint8Array(await file.arrayBuffer())) : file;
  return { blob: new Blob([bytes], { type: `image/${kind}` }), preview };
}

function tooLarge(bytes: number): PhotoError {
  if (!bytes) return new PhotoError(t("heicPhoto"));
  const format = { style: "unit", unit: "megabyte", maximumFractionDigits: 1 } as const;
  const size = (bytes / 1024 / 1024).toLocaleString(spoken(), format);
  return new PhotoError(t("largePhoto", { size }));
}
