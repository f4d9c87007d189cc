// Parts that several screens share.

import { productName } from "../../jobs/product";
import { language, t } from "../../locales/strings";
import { el } from "../dom";
import type { Model } from "../reducer";

const FEW = 3;

/** The product's picture and title. */
export function productCard(model: Model): HTMLElement | null {
  const { image } = model.product;
  const title = productName(model.product);
  if (!title) return null;
  return el(
    "div",
    { class: "product-card", part: "product" },
    image && el("img", { src: image, alt: "" }),
    el("strong", { dir: "auto" }, title),
  );
}

/** The remaining try-ons, and when they renew; hidden while they are unknown. */
export function meter(model: Model): HTMLElement {
  const { remaining: count, limit, resetsAt } = model;
  if (count === null || !limit) return el("p", { part: "meter", hidden: true });
  return el(
    "p",
    { class: count <= FEW ? "meter few" : "meter", part: "meter" },
    el("span", {}, t("left", { count, limit })),
    resetsAt && el("span", {}, t("resets", { date: shortDate(resetsAt) })),
  );
}

/** The shopper's photo, or a sentence if the browser cannot show it. */
export function photo(model: Model): Node {
  const preview = model.photo?.preview;
  if (!preview) return el("p", { class: "soft" }, t(model.photo ? "noPreview" : "working"));
  preview.setAttribute("part", "photo");
  preview.setAttribute("role", "img");
  preview.setAttribute("aria-label", t("yourPhoto"));
  return preview;
}

/** The photo if there is one, else the product. */
export function backdrop(model: Model): Node[] {
  if (model.photo?.preview) return [photo(model)];
  const { image } = model.product;
  return image ? [el("img", { class: "product", src: image, alt: "" })] : [];
}

/** A row of small pictures to choose from, under a title. */
export function pictureRow(
  title: string,
  items: { src: string; alt: string; onClick(): void }[],
): HTMLElement | null {
  if (!items.length) return null;
  const list = items.map(({ src, alt, onClick }) =>
    el(
      "li",
      {},
      el("button", { type: "button", part: "sample", onClick }, el("img", { src, alt })),
    ),
  );
  return el(
    "div",
    {},
    el("p", { class: "soft" }, title),
    el("ul", { class: "row samples" }, ...list),
  );
}

export function actionRow(...children: Parameters<typeof el>[2][]): HTMLElement {
  return el("div", { class: "actions" }, ...children);
}

function shortDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString(language(), { day: "numeric", month: "long" });
}
