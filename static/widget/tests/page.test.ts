// What leaves the dialog for the page: events, links, analytics.

import { afterEach, describe, expect, it, vi } from "vitest";
import { isTrackingRefused } from "../src/dialog/analytics";
import { linkOf } from "../src/dialog/links";
import { takeoverOf } from "../src/dialog/page-events";
import { withNext } from "../src/dialog/way-back";
import type { Problem } from "../src/jobs/models";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the page may take over", () => {
  const paywall = { kind: "offer", title: "", message: "", action_label: null, action_url: null };
  const refused = { status: 200, error: "end_customer_quota", detail: "", used: 5, limit: 5 };

  it("a spent quota and a log-in", () => {
    expect(
      takeoverOf({ ...refused, reason: "quota_exhausted", paywall } as Problem, null),
    ).not.toBeNull();
    expect(
      takeoverOf({ status: 401, error: "login_required", detail: "" }, "/log-in"),
    ).not.toBeNull();
  });

  it("but no other problem", () => {
    const empty = { ...refused, paywall: { ...paywall, kind: "unavailable" } } as Problem;
    expect(takeoverOf(empty, null)).toBeNull();
    expect(takeoverOf({ status: 502, error: "upstream_unreachable", detail: "" }, null)).toBeNull();
  });
});

describe("links", () => {
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
  ])("never lead to another host: %s", (path) => {
    expect(nextOf(path)).toBe("/");
  });

  it("keep a parameter next of their own", () => {
    expect(withNext("/login?next=/x", page("/p"))).toBe("/login?next=/x");
    expect(withNext("mailto:help@shop.example", page("/p"))).toBe("mailto:help@shop.example");
  });

  it.each([
    "javascript:alert(1)",
    " java\nscript:alert(1)",
    "data:text/html,x",
    "blob:x",
    "http://[",
  ])("are not made from scripts: %j", (url) => {
    vi.stubGlobal("location", { href: "https://shop.example/" });
    expect(linkOf(url)).toBeNull();
  });

  it.each([
    "/plans",
    "plans",
    "https://pay.example/x",
    "mailto:help@shop.example",
  ])("may lead to %s", (url) => {
    vi.stubGlobal("location", { href: "https://shop.example/" });
    expect(linkOf(url)).toBe(url);
  });
});

describe("tracking is refused", () => {
  it.each([
    [{ doNotTrack: "1" }, true],
    [{ globalPrivacyControl: true }, true],
    [{ doNotTrack: "0", globalPrivacyControl: false }, false],
    [{ doNotTrack: null }, false],
  ])("%j: %j", (browser, refused) => {
    expect(isTrackingRefused(browser)).toBe(refused);
  });
});
