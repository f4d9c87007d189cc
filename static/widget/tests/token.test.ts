import { describe, expect, it } from "vitest";
import { endOf, Tokens } from "../src/token";

const NOW = 1_700_000_000;
const token = (exp: unknown) => `h.${btoa(JSON.stringify({ exp })).replace(/=/g, "")}.s`;

function backend() {
  const calls: string[] = [];
  return {
    calls,
    session: async () => {
      calls.push("session");
      await new Promise((wake) => setTimeout(wake, 5));
      return { token: token(NOW + 900), expires_at: NOW + 900 };
    },
  };
}

describe("the token", () => {
  it("of the page is used while it has over a minute left", async () => {
    const shop = backend();
    const tokens = new Tokens(shop, token(NOW + 61), () => NOW);
    expect(await tokens.get()).toBe(token(NOW + 61));
    expect(shop.calls).toEqual([]);
  });

  it.each([[token(NOW + 59)], ["opaque"], [null]])("is renewed when it is %j", async (old) => {
    const shop = backend();
    expect(await new Tokens(shop, old, () => NOW).get()).toBe(token(NOW + 900));
  });

  it("is renewed with one request at a time", async () => {
    const shop = backend();
    const tokens = new Tokens(shop, null, () => NOW);
    await Promise.all([tokens.get(), tokens.get(), tokens.renew()]);
    expect(shop.calls).toEqual(["session"]);
    await tokens.renew();
    expect(shop.calls).toEqual(["session", "session"]);
  });

  it("whose end cannot be read has none", () => {
    expect(endOf("a.b.c")).toBe(0);
    expect(endOf(token("soon"))).toBe(0);
    expect(endOf(token(7))).toBe(7);
  });
});
