// Hands a picture to whatever the shopper shares with; where nothing does, copies it.

import { canvasNoise, draw, INVISIBLE, toBlob } from "./canvas";

/** Says how it went: "" when the shopper changed their mind. Throws when nothing was possible. */
export async function share(imageUrl: string, title: string): Promise<"shared" | "copied" | ""> {
  const answer = await fetch(imageUrl, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const blob = await answer.blob();
  const data = { files: [new File([blob], "try-on.jpg", { type: blob.type })], title };
  try {
    if (navigator.canShare?.(data)) {
      await navigator.share(data);
      return "shared";
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return "";
  }
  await copy(blob).catch(() => navigator.clipboard.writeText(location.href));
  return "copied";
}

/** Copies a picture; the promise within is for Safari, which wants to be asked during the click. */
function copy(blob: Blob): Promise<void> {
  return navigator.clipboard.write([new ClipboardItem({ "image/png": asPng(blob) })]);
}

/** PNG is what every clipboard takes. */
async function asPng(blob: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(blob);
  const { canvas } = draw(bitmap, [bitmap.width, bitmap.height], 1);
  const png = (await canvasNoise()) <= INVISIBLE && (await toBlob(canvas, "image/png"));
  if (!png) throw new Error("The picture could not be drawn.");
  return png;
}
