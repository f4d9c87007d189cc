// Pieces that several screens share.

import { el } from "../dom";
import type { Model } from "../machine";
import { strings } from "../strings";

/** The product's picture and title. */
export function productCard(model: Model): HTMLElement | null {
  const { image, title } = model.product;
  if (!title) return null;
  return el(
    "div",
    { class: "product-card", part: "product" },
    image ? el("img", { src: image, alt: "" }) : null,
    el("strong", {}, title),
  );
}

/** How many try-ons are left, and when they are renewed. */
function meter(model: Model): HTMLElement | null {
  if (model.remaining === null || !model.limit) return null;
  return el(
    "p",
    { class: "meter", part: "meter" },
    el("span", {}, strings.left(model.remaining, model.limit)),
    model.resetsAt ? el("span", {}, strings.resets(shortDate(model.resetsAt))) : null,
  );
}

/** The meter's place, so that it can come later than the rest. */
export function meterSlot(model: Model): HTMLElement {
  const line = meter(model);
  return el("div", { part: "meter-slot", hidden: !line }, line);
}

/** The shopper's photo, or words where the browser cannot show it. */
export function photo(model: Model): Node {
  const preview = model.photo?.preview;
  if (!preview) return el("p", { class: "soft" }, strings.noPreview);
  preview.hidden = false; // the result may have hidden it
  preview.setAttribute("role", "img");
  preview.setAttribute("aria-label", strings.yourPhoto);
  return preview;
}

/** The photo when there is one, else the product. */
export function backdrop(model: Model): Node[] {
  if (model.photo?.preview) return [photo(model)];
  const { image } = model.product;
  return image ? [el("img", { class: "product", src: image, alt: "" })] : [];
}

function shortDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString("en", { day: "numeric", month: "long" });
}
