import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exitsOf, optionDetails } from "../src/dialog/screens/exits";
import { chargedText } from "../src/dialog/screens/problem";
import type { Paywall, PaywallOption } from "../src/widget/public";

const option = (more: Partial<PaywallOption>): PaywallOption => ({
  kind: "checkout",
  title: "20 try-ons",
  price: null,
  url: "/buy",
  tryOns: null,
  at: null,
  ...more,
});
const paywall = (more: Partial<Paywall>): Paywall => ({
  kind: "offer",
  title: "Out of try-ons",
  message: "Get more.",
  action_label: "See plans",
  action_url: "/plans",
  ...more,
});
const urls = (more: Partial<Paywall>) => exitsOf(paywall(more)).map(({ url }) => url);

beforeEach(() => {
  vi.stubGlobal("location", { href: "https://shop.example/product" });
});

afterEach(() => vi.unstubAllGlobals());

describe("a paywall", () => {
  it("leads where it always did", () => {
    expect(urls({})).toEqual(["/plans"]);
    expect(urls({ action_label: null })).toEqual([]);
  });

  it("lists every way to go on, and the single button last", () => {
    const options = [option({ url: "/pro" }), option({ url: null }), option({ url: "/20" })];
    expect(urls({ options })).toEqual(["/pro", "/20", "/plans"]);
  });

  it("links to pages only", () => {
    const options = ["javascript:alert(1)", "mailto:a@b.example", "https://pay.example/"];
    expect(urls({ options: options.map((url) => option({ url })), action_label: null })).toEqual([
      "https://pay.example/",
    ]);
  });

  it("asks for nothing while the shop itself has no credit", () => {
    expect(urls({ kind: "unavailable", options: [option({})] })).toEqual([]);
  });

  it("says what an option brings, costs and when", () => {
    const at = "2099-12-03T12:00:00Z";
    expect(optionDetails(option({ tryOns: 20, price: "4.99 €" }))).toBe(
      "20 try-ons · \u20684.99 €\u2069",
    );
    expect(optionDetails(option({ at }))).toBe("December 3");
    expect(optionDetails(option({}))).toBe("");
  });
});

describe("a failed try-on", () => {
  it("has cost nothing only if the backend says so", () => {
    expect(chargedText(false)).toBe("Nothing was charged.");
    for (const charged of [true, null, undefined]) {
      expect(chargedText(charged)).toBe("This may have used one try-on.");
    }
  });
});
