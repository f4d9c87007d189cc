import { afterEach, expect, it, describe as suite, vi } from "vitest";
import { isTrackingRefused } from "../src/dialog/analytics";
import { readConfig } from "../src/dialog/config";
import { linkOf, withNext } from "../src/dialog/links";
import { takeoverOf } from "../src/dialog/page-events";
import type { Problem } from "../src/jobs/models";
import { productName, readProduct as read } from "../src/jobs/product";
import { rulesOf } from "../src/theme/button";
import { contrast, paletteOf, type Rgb, textOn } from "../src/theme/colour";

const WHITE: Rgb = [255, 255, 255];

afterEach(() => {
  vi.unstubAllGlobals();
});

suite("the settings", () => {
  it.each(["token", "customerToken", "endCustomerToken"])("may hold the token as %s", (name) => {
    expect(readConfig({ [name]: "t" }).token).toBe("t");
  });

  it("give the widget no key, though the quickstart's tag has one", () => {
    const config = readConfig({ apiKey: "gvk_live_1", endCustomerToken: "t" } as object);
    expect(JSON.stringify(config)).not.toContain("gvk_live_1");
  });

  it("are texts on the tag and typed in a call", () => {
    const tag = { samplePhotos: '[{"src":"/a.jpg"},7]', maxUploadBytes: "5", heic: "false" };
    const call = { samplePhotos: [{ src: "/a.jpg" }], maxUploadBytes: 5, heic: false };
    expect(readConfig(tag as object)).toEqual(readConfig(call));
    expect(readConfig(call)).toMatchObject({ maxUploadBytes: 5, heic: false });
  });

  it("with broken lists have none", () => {
    expect(readConfig({ samplePhotos: "[", strings: "{" } as object)).toMatchObject({
      samplePhotos: [],
      strings: {},
    });
  });

  it("ask for consent by the policy's address, unless it has a version", () => {
    expect(readConfig({ privacyUrl: "/p" }).privacyVersion).toBe("/p");
    expect(readConfig({ privacyUrl: "/p", privacyVersion: "2" }).privacyVersion).toBe("2");
  });
});

suite("a product", () => {
  const variants = [{ label: "Red", image: "/red.png" }];

  it("is read from a trigger and from a call alike", () => {
    const data = {
      productImage: "/a.png",
      productTitle: "A",
      productId: "1",
      productCategory: "home",
    };
    const product = { image: "/a.png", title: "A", id: "1", category: "home", page: "" };
    const whole = { ...product, images: ["/a.png"], variant: "", variants };
    expect(read({ ...data, productVariants: JSON.stringify(variants) })).toEqual(whole);
    const call = {
      productTitle: "A",
      productId: "1",
      productCategory: "home",
      productVariants: variants,
    };
    expect(read({ ...call, productImages: "/a.png" })).toEqual(whole);
    const several = { ...whole, images: ["/a.png", "/b.png"] };
    expect(read({ ...call, productImages: ["/a.png", "/b.png"] })).toEqual(several);
    expect(read({ ...data, productImages: '["/a.png", "/b.png"]' }).images).toEqual(several.images);
    expect(read(several)).toEqual(several);
  });

  it("may be on a hand-written trigger under the short names", () => {
    expect(read({ image: "/a.png", title: "A" })).toMatchObject({ image: "/a.png", title: "A" });
  });

  it("has no variants when their list is broken", () => {
    expect(read({ productVariants: "[" }).variants).toEqual([]);
  });

  it("is called by its title and the chosen size or colour", () => {
    expect(productName({ ...read({ productTitle: "A" }), variant: "Red" })).toBe("A – Red");
    expect(productName(read({ productTitle: "A" }))).toBe("A");
  });
});

suite("the page is asked first", () => {
  const paywall = { kind: "offer", title: "", message: "", action_label: null, action_url: null };
  const refused = { status: 200, error: "end_customer_quota", detail: "", used: 5, limit: 5 };

  it("when a quota is spent, and when somebody must log in", () => {
    expect(
      takeoverOf({ ...refused, reason: "quota_exhausted", paywall } as Problem, null),
    ).not.toBeNull();
    expect(
      takeoverOf({ status: 401, error: "login_required", detail: "" }, "/log-in"),
    ).not.toBeNull();
  });

  it("but not when the shop itself has no credit, or nothing is wrong", () => {
    const empty = { ...refused, paywall: { ...paywall, kind: "unavailable" } } as Problem;
    expect(takeoverOf(empty, null)).toBeNull();
    expect(takeoverOf({ status: 502, error: "upstream_unreachable", detail: "" }, null)).toBeNull();
  });
});

suite("links", () => {
  const page = (pathname: string) => ({
    href: `https://shop.example${pathname}`,
    pathname,
    search: "?a=1",
  });
  const nextOf = (pathname: string) =>
    new URL(withNext("/login", page(pathname))).searchParams.get("next");

  it.each([
    "/product/1",
    "/",
    "/قميص",
    "/%D9%82",
    "/caf%E9",
    "/a//b",
    "/~ada/x",
  ])("lead back to %s", (path) => {
    expect(nextOf(path)).toBe(`${path}?a=1`);
  });

  it.each([
    "//evil.example/x",
    "/\\\\evil.example",
    "/%2Fevil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "/%0D%0A/evil.example",
    "/%E2%80%8B/evil.example",
    "/%C2%A0/evil.example",
    "/%252Fevil.example",
    "/%E9",
  ])("lead home, not to another host, from %s", (path) => {
    expect(nextOf(path)).toBe("/");
  });

  it("keep the way back that the shop's own link has", () => {
    expect(withNext("/login?next=/x", page("/p"))).toBe("/login?next=/x");
    expect(withNext("mailto:help@shop.example", page("/p"))).toBe("mailto:help@shop.example");
  });

  it.each([
    "javascript:alert(1)",
    " java\nscript:alert(1)",
    "data:text/html,x",
    "blob:x",
    "http://[",
  ])("are none when they would run in the page: %j", (url) => {
    vi.stubGlobal("location", { href: "https://shop.example/" });
    expect(linkOf(url)).toBeNull();
  });

  it.each([
    "/plans",
    "plans",
    "https://pay.example/x",
    "mailto:help@shop.example",
  ])("are what leads somewhere: %s", (url) => {
    vi.stubGlobal("location", { href: "https://shop.example/" });
    expect(linkOf(url)).toBe(url);
  });
});

suite("colours", () => {
  it.each([
    [
      [255, 255, 0],
      [0, 0, 0],
    ],
    [
      [10, 20, 120],
      [255, 255, 255],
    ],
    [
      [255, 255, 255],
      [0, 0, 0],
    ],
  ] as [Rgb, Rgb][])("on %j text is %j", (ground, text) => {
    expect(textOn(ground)).toEqual(text);
  });

  it("can be read and told apart whatever the shop's are", () => {
    const levels = [0, 60, 119, 128, 190, 255];
    const some = levels.flatMap((r) => levels.map((g): Rgb => [r, g, (r * 2 + g) % 256]));
    const least: Record<string, number> = {};
    const note = (name: string, value: number) => {
      least[name] = Math.min(least[name] ?? 21, value);
    };
    for (const bg of some) {
      for (const wish of some) {
        const palette = paletteOf(bg, wish, wish, wish, textOn(wish));
        for (const ground of [palette.bg, palette.surface]) {
          for (const name of ["text", "soft", "bad"] as const) {
            note("text", contrast(palette[name], ground));
          }
          for (const name of ["primary", "accent"] as const) {
            note("shape", contrast(palette[name], ground));
          }
        }
        note("text", contrast(palette["on-primary"], palette.primary));
      }
    }
    expect(least.text).toBeGreaterThanOrEqual(4.5);
    expect(least.shape).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ["#007bff", [0, 123, 255]],
    ["#28a745", [40, 167, 69]],
    ["#dc3545", [220, 53, 69]],
  ] as [string, Rgb][])("on %s text is white where the shop's own is", (_, blue) => {
    const { primary, "on-primary": text } = paletteOf(WHITE, [33, 37, 41], blue, null, WHITE);
    expect(text).toEqual(WHITE);
    expect(contrast(primary, WHITE)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(primary, WHITE)).toBeLessThan(4.7);
  });

  it("of a text that nobody could read on its ground are not the shop's own", () => {
    const palette = paletteOf(WHITE, [0, 0, 0], [255, 204, 0], null, WHITE);
    expect(palette).toEqual(paletteOf(WHITE, [0, 0, 0], [255, 204, 0], null));
    expect(palette["on-primary"]).toEqual([0, 0, 0]);
  });

  it("of the shop are kept where they can be read", () => {
    const palette = paletteOf([255, 255, 255], [20, 30, 40], [0, 100, 60], null);
    expect(palette).toMatchObject({ text: [20, 30, 40], primary: [0, 100, 60] });
  });
});

suite("the button", () => {
  it("takes what the tag says, and nothing that is no number", () => {
    const rules = rulesOf({
      buttonBorderRadius: "8",
      buttonPaddingX: "20",
      buttonFontSize: "1;color:red",
    });
    expect(rules).toContain("border-radius:8px;padding-inline:20px;");
    expect(rules).not.toContain("red");
  });
});

suite("who wants to be left alone", () => {
  it.each([
    [{ doNotTrack: "1" }, true],
    [{ globalPrivacyControl: true }, true],
    [{ doNotTrack: "0", globalPrivacyControl: false }, false],
    [{ doNotTrack: null }, false],
  ])("%j: %j", (browser, wish) => {
    expect(isTrackingRefused(browser)).toBe(wish);
  });
});
