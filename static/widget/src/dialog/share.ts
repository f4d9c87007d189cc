// What becomes of a finished picture: it is shared, or its product is put into the cart.

import type { Result } from "../jobs/models";
import { nameOf } from "../jobs/product";
import { t } from "../locales/strings";
import { canvasNoise, draw, INVISIBLE, toBlob } from "../photo/canvas";
import { doc } from "../widget/page";
import type { Stage } from "./actions";
import { tell } from "./page-events";

/** Hands a picture to whatever the shopper shares with; where nothing does, copies it. */
export async function shareResult({ frame, tracker }: Stage, result: Result): Promise<void> {
  const how = await share(result.imageUrl, nameOf(result.product)).catch(() => null);
  if (how) tracker.track("RESULT_SHARED", result.product, { how });
  const text = how === null ? t("failed") : how === "copied" ? t("copied") : "";
  const button = frame.part("share");
  if (button && text) button.textContent = text;
  frame.announce(text);
}

/** Leaves the cart to the shop: to its script, else to its own button. */
export function addToCart({ tracker, config, close }: Stage, result: Result): void {
  const { id, imageUrl, product } = result;
  tracker.track("ADDED_TO_CART", product);
  // While our modal dialog is open, nothing else on the page could be used.
  close();
  if (!tell("add-to-cart", { id, image_url: imageUrl, product })) return;
  const selector = config().addToCart;
  const button = selector ? doc.querySelector<HTMLElement>(selector) : null;
  button?.focus();
  button?.click();
}

/** Says how it went: "" when the shopper changed their mind. Throws when nothing was possible. */
async function share(imageUrl: string, title: string): Promise<"shared" | "copied" | ""> {
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
