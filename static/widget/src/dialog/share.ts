// Shares and downloads a finished picture, and hands its product over to the shop's cart.

import type { Result } from "../jobs/models";
import { wornIn } from "../jobs/outfit";
import { productName } from "../jobs/product";
import { t } from "../locales/strings";
import { canvasNoise, draw, INVISIBLE, toBlob } from "../photo/canvas";
import { doc } from "../widget/page";
import type { Tracker } from "./analytics";
import { button, el } from "./dom";
import type { DialogElement } from "./element";
import { emit } from "./page-events";
import { type Absence, explain, fetchPicture, reasonOf } from "./picture/absence";

/** Gives a PNG the mark of the picture that it was drawn from. */
type CopyMark = (png: Blob, picture: Blob) => Promise<Blob>;

/** Share a picture by the system's own dialog, or else copy it. */
export async function shareResult(
  result: Result,
  element: DialogElement,
  tracker: Tracker,
  copyMark: CopyMark,
  remake: () => void,
): Promise<void> {
  try {
    const how = await share(result, copyMark);
    showTrouble(element, null);
    if (!how) return;
    tracker.track("RESULT_SHARED", result.product, { how });
    if (how === "shared") return;
    const button = element.part("share");
    if (button) button.textContent = t("copied");
    element.announce(t("copied"));
  } catch (error) {
    showTrouble(element, reasonOf(error), result.photo && remake);
  }
}

/** Download a picture if the server still has it; say why not otherwise. */
export async function downloadResult(
  { imageUrl, photo }: Result,
  element: DialogElement,
  remake: () => void,
): Promise<void> {
  try {
    await fetchPicture(imageUrl, "HEAD");
    showTrouble(element, null);
    el("a", { href: imageUrl, download: "try-on.jpg" }).click();
  } catch (error) {
    showTrouble(element, reasonOf(error), photo && remake);
  }
}

/** Say beside the buttons why a picture cannot be had; one that was deleted can be made again. */
export function showTrouble(
  element: DialogElement,
  why: Absence | null,
  remake?: (() => void) | null,
): void {
  const parts = why && [
    el("p", { class: "error" }, explain(why)),
    why === "gone" && remake && el("p", {}, t("remakeCost")),
    why === "gone" && remake && button("secondary", "remake", remake),
  ];
  element.part("trouble")?.replaceChildren(...(parts || []).filter((part) => part instanceof Node));
}

/** Put the product into the cart: by the page's script, or else by the shop's own button. */
export function addToCart(result: Result, selector: string | undefined): void {
  const { id, imageUrl, product } = result;
  const products = wornIn(product);
  if (!emit("add-to-cart", { id, image_url: imageUrl, product, products })) return;
  pressCartButton(selector);
}

/** Press the shop's own button. */
export function pressCartButton(selector: string | undefined): void {
  const button = selector ? doc.querySelector<HTMLElement>(selector) : null;
  button?.focus();
  button?.click();
}

/**
 * Return how it was shared, "" if the shopper has cancelled; throw if neither works.
 *
 * WebKit copies nothing once the click is over, so nothing is awaited before.
 */
async function share(result: Result, copyMark: CopyMark): Promise<"shared" | "copied" | ""> {
  const picture = pictureOf(result);
  if (!navigator.canShare?.(shareable(new Blob([], { type: "image/jpeg" }), result))) {
    await copy(picture, copyMark);
    return "copied";
  }
  const blob = await picture;
  try {
    await navigator.share(shareable(blob, result));
    return "shared";
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return "";
  }
  await copy(picture, copyMark);
  return "copied";
}

function shareable(blob: Blob, { product }: Result): ShareData {
  const file = new File([blob], "try-on.jpg", { type: blob.type });
  return { files: [file], title: productName(product) };
}

const fetched = new WeakMap<Result, Promise<Blob>>();

/** Fetch a picture once: if that took longer than a click lasts, the next click need not wait. */
function pictureOf(result: Result): Promise<Blob> {
  const known = fetched.get(result);
  if (known) return known;
  const picture = fetchPicture(result.imageUrl);
  fetched.set(result, picture);
  picture.catch(() => fetched.delete(result));
  return picture;
}

/** Copy a picture; a browser that cannot copy it gets the page's address. */
async function copy(picture: Promise<Blob>, copyMark: CopyMark): Promise<void> {
  const { clipboard } = navigator;
  const copyAddress = () => clipboard.writeText(location.href);
  if (typeof ClipboardItem === "undefined") return copyAddress();
  const item = new ClipboardItem({ "image/png": picture.then((blob) => toPng(blob, copyMark)) });
  try {
    await clipboard.write([item]);
  } catch {
    await picture;
    await copyAddress();
  }
}

/** Convert to PNG, which every clipboard takes; the mark stays. */
async function toPng(blob: Blob, copyMark: CopyMark): Promise<Blob> {
  const bitmap = await createImageBitmap(blob);
  const { canvas } = draw(bitmap, [bitmap.width, bitmap.height], 1);
  const png = (await canvasNoise()) <= INVISIBLE && (await toBlob(canvas, "image/png"));
  if (!png) throw new Error("The picture could not be drawn.");
  return copyMark(png, blob);
}
