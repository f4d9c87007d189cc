import { expect, it, describe as suite } from "vitest";
import { wantsPrivacy } from "../src/analytics";
import { rulesOf } from "../src/button";
import { contrast, paletteOf, type Rgb, textOn } from "../src/colour";
import { readConfig } from "../src/config";
import { askFor, type Said } from "../src/events";
import { nameOf } from "../src/shared";
import { fromOptions, describe as read } from "../src/triggers";

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
    const whole = { ...product, variant: "", variants };
    expect(read({ ...data, productVariants: JSON.stringify(variants) })).toEqual(whole);
    const call = { ...data, productVariants: variants };
    expect(fromOptions({ ...call, productImages: ["/a.png", "/b.png"] })).toEqual(whole);
    expect(fromOptions({ ...call, productImages: "/a.png" })).toEqual(whole);
  });

  it("has no variants when their list is broken", () => {
    expect(read({ productVariants: "[" }).variants).toEqual([]);
  });

  it("is called by its title and the chosen size or colour", () => {
    expect(nameOf({ ...read({ productTitle: "A" }), variant: "Red" })).toBe("A – Red");
    expect(nameOf(read({ productTitle: "A" }))).toBe("A");
  });
});

suite("the page is asked first", () => {
  const paywall = { kind: "offer", title: "", message: "", action_label: null, action_url: null };
  const refused = { status: 200, error: "end_customer_quota", detail: "", used: 5, limit: 5 };

  it("when a quota is spent, and when somebody must log in", () => {
    expect(askFor({ ...refused, reason: "quota_exhausted", paywall } as Said, null)).not.toBeNull();
    expect(askFor({ status: 401, error: "login_required", detail: "" }, "/log-in")).not.toBeNull();
  });

  it("but not when the shop itself has no credit, or nothing is wrong", () => {
    const empty = { ...refused, paywall: { ...paywall, kind: "unavailable" } } as Said;
    expect(askFor(empty, null)).toBeNull();
    expect(askFor({ status: 502, error: "upstream_unreachable", detail: "" }, null)).toBeNull();
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
        const palette = paletteOf(bg, wish, wish, wish);
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
    expect(wantsPrivacy(browser)).toBe(wish);
  });
});
