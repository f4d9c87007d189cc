// Draws pictures without `blob:` URLs, which a strict Content-Security-Policy forbids.

import { el } from "../dialog/dom";
import { placeholder } from "../dialog/picture/absence";

/**
 * Return a canvas that shows a picture as soon as it is read.
 *
 * Without a label it is decoration.
 */
export function canvasOf(picture: Promise<Blob>, label: string, width?: number): HTMLCanvasElement {
  const named = { role: "img", "aria-label": label };
  const canvas = el("canvas", label ? named : { "aria-hidden": "true" });
  picture
    .then((blob) => paint(canvas, blob, width))
    .catch(() => {
      canvas.replaceWith(placeholder(label));
    });
  return canvas;
}

export async function paint(
  canvas: HTMLCanvasElement,
  blob: Blob,
  width?: number,
): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, (width ?? bitmap.width) / bitmap.width);
  canvas.width = bitmap.width * scale;
  canvas.height = bitmap.height * scale;
  // Safari loses an accelerated canvas that is taken out of the page for a while.
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}
