import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readRunningJob } from "../src/jobs/job-history";
import { readProduct } from "../src/jobs/product";

const product = readProduct({});
const NOW = 1_800_000_000_000;
let stored: string;

beforeEach(() => {
  const sessionStorage = { getItem: () => stored, setItem: () => {}, removeItem: () => {} };
  vi.stubGlobal("window", { sessionStorage });
});
afterEach(() => vi.unstubAllGlobals());

describe("the mark of a running job", () => {
  it("is followed for half an hour", () => {
    const job = { id: "j", product, aside: true, at: NOW - 60_000 };
    stored = JSON.stringify(job);
    expect(readRunningJob(NOW)).toEqual(job);
    expect(readRunningJob(NOW + 30 * 60_000)).toBeNull();
  });

  it.each([
    ["without a time", { id: "j", product }],
    ["with a time that is none", { id: "j", product, at: "now" }],
    ["without a job", { product, at: NOW }],
    ["without a product", { id: "j", at: NOW }],
  ])("is ignored %s", (_how, mark) => {
    stored = JSON.stringify(mark);
    expect(readRunningJob(NOW)).toBeNull();
  });
});
