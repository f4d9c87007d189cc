// Parts that several screens share.

import type { Balance } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { language, t } from "../../locales/strings";
import { el } from "../dom";
import type { Model } from "../reducer";

const FEW = 3;

/** Loaded later than the first screen. */
interface BalanceTexts {
  balanceTexts(balance: Balance): string[];
}

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

/** The remaining try-ons, and until when; hidden while they are unknown. */
export function meter(model: Model, tools?: BalanceTexts): HTMLElement {
  const { remaining: count, limit, resetsAt, balance } = model;
  const texts = balance
    ? tools?.balanceTexts(balance)
    : [
        t("left", { count: count ?? 0, limit: limit ?? 0 }),
        resetsAt && t("resets", { date: shortDate(resetsAt) }),
      ];
  if (count === null || !limit || !texts) return el("p", { part: "meter", hidden: true });
  return el(
    "p",
    { class: count <= FEW ? "meter few" : "meter", part: "meter" },
    ...texts.map((text) => text && el("span", {}, text)),
  );
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

export function shortDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString(language(), { day: "numeric", month: "long" });
}
