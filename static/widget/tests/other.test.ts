import { expect, it, describe as suite } from "vitest";
import { textOn } from "../src/colour";
import { readConfig } from "../src/config";
import { eventFor, type Said } from "../src/events";
import { fromOptions, describe as read } from "../src/triggers";

suite("the script tag", () => {
  it("names the backend, else it is where the script comes from", () => {
    const src = "https://shop.example/genvoris/widget-1.js";
    expect(readConfig({ apiUrl: "/try/" }, src).apiUrl).toBe("/try");
    expect(readConfig({}, src).apiUrl).toBe("https://shop.example/genvoris");
  });

  it.each(["token", "customerToken", "endCustomerToken"])("may hold the token as %s", (name) => {
    expect(readConfig({ [name]: "t" }, "/w.js").token).toBe("t");
  });

  it("of the quickstart gives the widget no key", () => {
    const config = readConfig({ apiKey: "gvk_live_1", endCustomerToken: "t" }, "/w.js");
    expect(JSON.stringify(config)).not.toContain("gvk_live_1");
  });

  it("with broken sample photos has none", () => {
    expect(readConfig({ samplePhotos: "[" }, "/w.js").samplePhotos).toEqual([]);
    expect(readConfig({ samplePhotos: '[{"src":"/a.jpg"},7]' }, "/w.js").samplePhotos).toEqual([
      { src: "/a.jpg" },
    ]);
  });
});

suite("a product", () => {
  it("is read from a trigger and from a call alike", () => {
    const product = { image: "/a.png", title: "A", id: "1", category: "home", page: "" };
    const data = {
      productImage: "/a.png",
      productTitle: "A",
      productId: "1",
      productCategory: "home",
    };
    expect(read(data)).toEqual(product);
    const call = { productTitle: "A", productId: "1", productCategory: "home" };
    expect(fromOptions({ productImages: ["/a.png", "/b.png"], ...call })).toEqual(product);
    expect(fromOptions({ productImages: "/a.png", ...call })).toEqual(product);
  });
});

suite("the page is asked first", () => {
  const paywall = { kind: "offer", title: "", message: "", action_label: null, action_url: null };
  const refused = { status: 200, error: "end_customer_quota", detail: "", used: 5, limit: 5 };

  it("when a quota is spent", () => {
    const said = { ...refused, reason: "quota_exhausted", paywall } as Said;
    const event = eventFor(said, null);
    expect(event?.type).toBe("genvoris:quota");
    expect(event?.cancelable).toBe(true);
    expect(event?.detail).toEqual({ reason: "quota_exhausted", used: 5, limit: 5, paywall });
  });

  it("when somebody must log in, with the page's own address if there is no other", () => {
    const said = { status: 401, error: "login_required", detail: "", login_url: null };
    expect(eventFor(said, "/log-in")?.detail).toEqual({ login_url: "/log-in" });
  });

  it("but not when the shop itself has no credit, or nothing is wrong", () => {
    const empty = { ...refused, paywall: { ...paywall, kind: "unavailable" } } as Said;
    expect(eventFor(empty, null)).toBeNull();
    expect(eventFor({ status: 502, error: "upstream_unreachable", detail: "" }, null)).toBeNull();
  });
});

suite("text on the shop's colour", () => {
  it.each([
    [255, 255, 0, "#000"],
    [10, 20, 120, "#fff"],
    [255, 255, 255, "#000"],
    [0, 0, 0, "#fff"],
  ] as const)("on %i %i %i is %s", (red, green, blue, text) => {
    expect(textOn(red, green, blue)).toBe(text);
  });
});
