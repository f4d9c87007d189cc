// Reads the language files, and rejects incomplete ones; English is the reference.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("src/locales/", import.meta.url));
const REFERENCE = "en";

/** Return each language's sentences, by its code. Throws an error that lists all faults. */
export function readLocales(folder = FOLDER) {
  const locales = {};
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".json")) continue;
    locales[file.replace(".json", "")] = JSON.parse(readFileSync(folder + file, "utf8"));
  }
  const faults = Object.entries(locales).flatMap(([language, locale]) =>
    faultsOf(language, locale, locales[REFERENCE]),
  );
  if (faults.length) throw new Error(faults.join("\n"));
  return locales;
}

/** Return what a language lacks or has too much, and the placeholders that it misses. */
export function faultsOf(language, locale, reference) {
  const faults = [];
  for (const key of Object.keys({ ...reference, ...locale })) {
    if (!(key in reference)) faults.push(`${language}: ${key} is not known`);
    else if (!(key in locale)) faults.push(`${language}: ${key} is missing`);
    else faults.push(...faultsOfString(`${language}: ${key}`, language, locale, reference, key));
  }
  return faults;
}

function faultsOfString(name, language, locale, reference, key) {
  const [mine, theirs] = [locale[key], reference[key]];
  if (typeof mine !== typeof theirs) return [`${name} must be of the same type as in English`];
  if (typeof mine === "string") return faultsOfText(name, mine, valuesIn(theirs));
  const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
  // A form for one or two may spell the number out.
  const values = valuesIn(theirs.other).filter((value) => value !== "{count}");
  return pluralCategories.flatMap((category) =>
    faultsOfText(`${name}.${category}`, mine[category], values),
  );
}

function faultsOfText(name, text, values) {
  if (typeof text !== "string" || !text.trim()) return [`${name} is missing`];
  return values.filter((value) => !text.includes(value)).map((value) => `${name} lacks ${value}`);
}

function valuesIn(text) {
  return text.match(/\{\w+\}/g) ?? [];
}

/** Return sentences of a language as a script, and what else its file contains. */
export function scriptOf(name, locale, keys, ...more) {
  const text = JSON.stringify([...keys.map((key) => locale[key]), ...more]);
  return `Genvoris.attach({"${name}":${text}});\n`;
}
