// The widget's sentences in the page's language, or the shop's own instead.

import type { Strings, Text } from "../widget/public";
import type english from "./en.json";
import type phone from "./phone/en.json";

declare const __KEYS__: string;

export type Key = keyof typeof english | keyof typeof phone;

const RIGHT_TO_LEFT = ["ar", "ur"];

let sentences: Record<string, Text> = {};
let current = "en";

/** Switch to a language; the shop's own sentences take precedence. */
export function setLanguage(code: string, texts: Text[], overrides: Strings): void {
  current = code;
  sentences = {};
  addSentences(__KEYS__, texts, overrides);
}

/** Add sentences of the current language. */
export function addSentences(keys: string, texts: Text[], overrides: Strings): void {
  keys.split(" ").forEach((key, index) => {
    const own = overrides[current] as Record<string, Text> | undefined;
    sentences[key] = (overrides[key] as Text) || own?.[key] || (texts[index] as Text);
  });
}

export const language = (): string => current;

export const direction = (): "rtl" | "ltr" => (RIGHT_TO_LEFT.includes(current) ? "rtl" : "ltr");

/** Return a sentence with its values inserted; `count` selects the plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = sentences[key] ?? "";
  const form =
    typeof text === "string"
      ? text
      : (text[new Intl.PluralRules(current).select(Number(values.count))] ?? text.other ?? "");
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    return typeof value === "number" ? value.toLocaleString(current) : value;
  });
}
