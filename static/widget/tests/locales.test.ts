import { afterEach, describe, expect, it } from "vitest";
import { faultsOf, readLocales } from "../locales.mjs";
import { direction, setLanguage, t } from "../src/locales/strings";

const locales = readLocales();
const keys = Object.keys(locales.en);
const say = (language: string, shop = {}) =>
  setLanguage(
    language,
    keys.map((key) => locales[language]?.[key] ?? ""),
    shop,
  );

afterEach(() => say("en"));

describe("the languages", () => {
  it.each([
    ["a sentence is missing", { a: "A" }, "xx: b is missing"],
    ["one is unknown", { a: "A", b: { other: "{count}", one: "1" }, c: "C" }, "xx: c is not known"],
    ["one is empty", { a: " ", b: { other: "{count}", one: "1" } }, "xx: a is missing"],
    ["a plural form is missing", { a: "A", b: { other: "{count}" } }, "xx: b.one is missing"],
    [
      "a placeholder is missing",
      { a: "A", b: { other: "{count} of many", one: "1 of {limit}" } },
      "xx: b.other lacks {limit}",
    ],
    ["a plural has no forms", { a: "A", b: "B" }, "xx: b must be of the same type as in English"],
  ])("fail the build when %s", (_why, locale, fault) => {
    const limit = fault.includes("{limit}") ? " {limit}" : "";
    const english = { a: "A", b: { one: `{count}${limit}`, other: `{count}${limit}` } };
    expect(faultsOf("xx", locale, english)).toContain(fault);
  });

  it("have their own plural rules", () => {
    say("ar");
    const left = (count: number) => t("left", { count, limit: 30 });
    expect(new Set([0, 1, 2, 3, 11, 100].map(left)).size).toBe(6);
    expect(left(2)).toContain("تجربتان");
    say("de");
    expect(t("elapsed", { count: 1 })).toBe("1 Sekunde");
    expect(t("elapsed", { count: 2 })).toBe("2 Sekunden");
  });

  it("have their own direction", () => {
    const all = Object.keys(locales).map((language) => {
      say(language);
      return `${language} ${direction()}`;
    });
    expect(all).toEqual(["ar rtl", "de ltr", "en ltr", "es ltr", "fr ltr", "ur rtl"]);
  });

  it("can be overridden by the shop", () => {
    say("fr", { title: "À vous", elapsed: { one: "{count} s", other: "{count} s" } });
    expect(t("title")).toBe("À vous");
    expect(t("elapsed", { count: 3 })).toBe("3 s");
    expect(t("close")).toBe("Fermer");
  });

  it("can be overridden for one language", () => {
    const own = { fr: { title: "À vous", close: "Fini" }, close: "X" };
    say("fr", own);
    expect([t("title"), t("close")]).toEqual(["À vous", "X"]);
    say("de", own);
    expect([t("title"), t("close")]).toEqual(["Anprobieren", "X"]);
  });

  it("keep a placeholder without a value", () => {
    expect(t("resultAlt")).toBe("You, with {title}");
  });
});
