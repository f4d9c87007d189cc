import { describe, expect, it, vi } from "vitest";
import { expiryOf, TokenSource } from "../src/jobs/token-source";

const NOW = 1_700_000_000;
const token = (exp: unknown) => `h.${btoa(JSON.stringify({ exp })).replace(/=/g, "")}.s`;

function shop() {
  const calls: string[] = [];
  const ask = async () => {
    calls.push("session");
    await new Promise((wake) => setTimeout(wake, 5));
    return token(NOW + 900);
  };
  return { calls, tokens: new TokenSource(ask, () => NOW) };
}

describe("the token", () => {
  it("of the page is used until its last minute", async () => {
    const { calls, tokens } = shop();
    tokens.set(token(NOW + 61));
    expect(await tokens.get()).toBe(token(NOW + 61));
    expect(calls).toEqual([]);
  });

  it.each([[token(NOW + 59)], ["opaque"], [null]])("is refreshed if it is %j", async (old) => {
    const { tokens } = shop();
    tokens.set(old);
    expect(await tokens.get()).toBe(token(NOW + 900));
  });

  it("is refreshed by one request at a time", async () => {
    const { calls, tokens } = shop();
    await Promise.all([tokens.get(), tokens.get(), tokens.refresh()]);
    expect(calls).toEqual(["session"]);
    await tokens.refresh();
    expect(calls).toEqual(["session", "session"]);
  });

  it("is refreshed in time, until that is stopped", async () => {
    vi.useFakeTimers();
    let now = NOW;
    let asked = 0;
    const tokens = new TokenSource(
      async () => token(now + 900 + ++asked),
      () => now,
    );
    tokens.set(token(NOW + 70));
    tokens.startRefreshing();
    now = NOW + 10;
    await vi.advanceTimersByTimeAsync(9_900);
    expect(asked).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toBe(1);
    now += 900;
    await vi.advanceTimersByTimeAsync(841_000);
    expect(asked).toBe(2);
    tokens.stopRefreshing();
    now += 900;
    await vi.advanceTimersByTimeAsync(900_000);
    expect(asked).toBe(2);
    vi.useRealTimers();
  });

  it("without a known expiry is not refreshed in time", async () => {
    vi.useFakeTimers();
    const { calls, tokens } = shop();
    tokens.set("opaque");
    tokens.startRefreshing();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(calls).toEqual([]);
    vi.useRealTimers();
  });

  it("without a readable expiry has none", () => {
    expect(expiryOf("a.b.c")).toBe(0);
    expect(expiryOf(token("soon"))).toBe(0);
    expect(expiryOf(token(7))).toBe(7);
  });
});
