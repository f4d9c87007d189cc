// Shares a finished picture, and hands its product over to the shop's cart.

import type { Result } from "../jobs/models";
import { productName } from "../jobs/product";
import { t } from "../locales/strings";
import { canvasNoise, draw, INVISIBLE, toBlob } from "../photo/canvas";
import { doc } from "../widget/page";
import type { Tracker } from "./analytics";
import type { DialogElement } from "./element";
import { emit } from "./page-events";

/** Share a picture by the system's own dialog, or else copy it. */
export async function shareResult(
  result: Result,
  element: DialogElement,
  tracker: Tracker,
): Promise<void> {
  const how = await share(result.imageUrl, productName(result.product)).catch(() => null);
  if (how) tracker.track("RESULT_SHARED", result.product, { how });
  const text = how === null ? t("failed") : how === "copied" ? t("copied") : "";
  const button = element.part("share");
  if (button && text) button.textContent = text;
  element.announce(text);
}

/** Put the product into the cart: by the page's script, or else by the shop's own button. */
export function addToCart(result: Result, selector: string | undefined): void {
  const { id, imageUrl, product } = result;
  if (!emit("add-to-cart", { id, image_url: imageUrl, product })) return;
  const button = selector ? doc.querySelector<HTMLElement>(selector) : null;
  button?.focus();
  button?.click();
}

/** Return how it was shared, "" if the shopper has cancelled; throw if neither works. */
async function share(imageUrl: string, title: string): Promise<"shared" | "copied" | ""> {
  const response = await fetch(imageUrl, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status}`);
  const blob = await response.blob();
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

/** Copy a picture; Safari needs the promise within, to ask for permission during the click. */
function copy(blob: Blob): Promise<void> {
  return navigator.clipboard.write([new ClipboardItem({ "image/png": toPng(blob) })]);
}

/** Convert to PNG, which every clipboard takes. */
async function toPng(blob: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(blob);
  const { canvas } = draw(bitmap, [bitmap.width, bitmap.height], 1);
  const png = (await canvasNoise()) <= INVISIBLE && (await toBlob(canvas, "image/png"));
  if (!png) throw new Error("The picture could not be drawn.");
  return png;
}
