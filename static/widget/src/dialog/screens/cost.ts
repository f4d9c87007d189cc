// What a try-on costs the shopper, on the buttons that start one, and what is left.

import type { Balance } from "../../jobs/models";
import { type Key, language, t } from "../../locales/strings";
import { button, el } from "../dom";
import type { DialogElement } from "../element";
import type { Model } from "../reducer";
import { shortDate } from "./parts";

const WEEK = 7 * 24 * 3600 * 1000;

/** Return what a button says that uses a try-on; empty where nothing is counted. */
export function cost(model: Model, look = "cost"): HTMLElement {
  return el("small", { class: look, part: "cost" }, costText(model));
}

/** Create a button that starts a try-on. */
export function spendingButton(
  look: "primary" | "secondary" | "quiet",
  label: Key,
  model: Model,
  onClick: () => void,
): HTMLButtonElement {
  const spending = button(look, label, onClick);
  spending.append(" ", cost(model));
  return spending;
}

/** Show what is left now on a screen that is already drawn. */
export function showCost({ dialog }: DialogElement, model: Model): void {
  for (const each of dialog.querySelectorAll("[part=cost]")) each.textContent = costText(model);
}

export function costText({ remaining: count, limit }: Model): string {
  return count && limit ? t("uses", { count }) : "";
}

/** Return how many try-ons are left, and how many of them end first. */
export function balanceTexts({ available, expiring, nextExpiry }: Balance): string[] {
  const texts = [t("balance", { count: available })];
  if (expiring && nextExpiry) {
    texts.push(t("expiring", { count: expiring, date: dayOf(nextExpiry) }));
  }
  return texts;
}

/** Return the name of a day within a week, or else its date. */
export function dayOf(iso: string, now = Date.now()): string {
  const time = Date.parse(iso);
  if (!(time - now < WEEK)) return shortDate(iso);
  return new Date(time).toLocaleDateString(language(), { weekday: "long" });
}
