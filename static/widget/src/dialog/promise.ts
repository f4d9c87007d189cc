// Who gets the shopper's photo, for how long, and how to delete it, in words that follow the shop's settings.

import { language, t } from "../locales/strings";
import type { Config } from "./config";

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Return the sentences; an empty text if the page does not say how long pictures are kept. */
export function photoPromise({ shopName, ownEngine, resultSeconds }: Config): string {
  if (!resultSeconds) return "";
  const shop = shopName || location.hostname;
  const recipients = ownEngine ? [shop] : [shop, "Genvoris"];
  const who = new Intl.ListFormat(language()).format(recipients);
  return t("promise", { who, shop, time: duration(resultSeconds), delete: t("delete") });
}

/** Return a duration in the largest unit of which it is a whole number. */
export function duration(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0) ?? ["second", 1];
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "long" }).format(
    seconds / length,
  );
}
