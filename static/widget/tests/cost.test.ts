import { describe, expect, it } from "vitest";
import { initialModel, type Model } from "../src/dialog/reducer";
import { balanceTexts, costText, dayOf } from "../src/dialog/screens/cost";
import { cancelHint, type Working } from "../src/dialog/screens/working";

const model = (more: Partial<Model>): Model => ({ ...initialModel(), ...more });
const working = (charged: boolean | null | undefined, limit: number | null = 24) => {
  const screen: Working = { name: "working", stage: "running", since: 0, charged };
  return { ...model({ limit }), screen };
};
const NOON = Date.UTC(2026, 10, 26, 12); // a Thursday

describe("a button that starts a try-on", () => {
  it("says what it uses", () => {
    expect(costText(model({ remaining: 24, limit: 30 }))).toBe("Uses 1 of 24");
    expect(costText(model({ remaining: 1, limit: 30 }))).toBe("Uses your last try-on");
  });

  it("says nothing where nothing is counted, known or left", () => {
    expect(costText(model({}))).toBe("");
    expect(costText(model({ remaining: 0, limit: 0 }))).toBe("");
    expect(costText(model({ remaining: 0, limit: 3 }))).toBe("");
  });
});

describe("a balance", () => {
  it("says how many try-ons are left, and how many end first", () => {
    const nextExpiry = "2099-12-03T12:00:00Z";
    expect(balanceTexts({ available: 3, expiring: 2, nextExpiry })).toEqual([
      "3 try-ons left",
      "2 of them until December 3",
    ]);
    expect(balanceTexts({ available: 1, expiring: 0, nextExpiry: null })).toEqual([
      "1 try-on left",
    ]);
  });

  it("names the day within a week", () => {
    expect(dayOf("2026-11-29T12:00:00Z", NOON)).toBe("Sunday");
    expect(dayOf("2026-12-03T12:00:00Z", NOON)).toBe("December 3");
  });
});

describe("cancelling", () => {
  it("is free while the backend says so", () => {
    expect(cancelHint(working(false))).toBe("Nothing is charged");
    expect(cancelHint(working(null))).toBe("This try-on is already used");
  });

  it("costs nothing where nothing is counted, and nobody knows before the job", () => {
    expect(cancelHint(working(null, null))).toBe("");
    expect(cancelHint(working(undefined))).toBe("");
  });
});
