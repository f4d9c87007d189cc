// The widget's sentences in the page's language, and the shop's own in their place.

import type { Text } from "../widget/public";
import type english from "./en.json";

declare const __KEYS__: string;

export type Key = keyof typeof english;

const RIGHT_TO_LEFT = ["ar", "ur"];

let sentences: Record<string, Text> = {};
let language = "en";

/** Takes a language; sentences of the shop go before its own. */
export function speak(code: string, texts: Text[], ofTheShop: Record<string, Text>): void {
  language = code;
  sentences = {};
  __KEYS__.split(" ").forEach((key, index) => {
    sentences[key] = ofTheShop[key] || (texts[index] as Text);
  });
}

export const spoken = (): string => language;

export const direction = (): "rtl" | "ltr" => (RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr");

/** Says a sentence with its values; `count` decides its plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = sentences[key] ?? "";
  const form =
    typeof text === "string"
      ? text
      : (text[new Intl.PluralRules(language).select(Number(values.count))] ?? text.other ?? "");
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}
