import { afterEach, describe, expect, it, vi } from "vitest";
import { clearAttempts } from "../src/jobs/attempts";
import { type Backend, localProblem, ProblemError } from "../src/jobs/backend";
import { Jobs } from "../src/jobs/jobs";
import type { Job, Problem } from "../src/jobs/models";
import { readProduct } from "../src/jobs/product";
import { TokenSource } from "../src/jobs/token-source";
import type { Photo } from "../src/photo/photo";
import type { Product } from "../src/widget/public";

type Answer = Partial<Job> | Error;

/** The tab's storage, which outlasts a page. */
const stored = new Map<string, string>();
vi.stubGlobal("window", {
  sessionStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
    removeItem: (key: string) => stored.delete(key),
  },
});
vi.stubGlobal("navigator", {});
afterEach(clearAttempts);

/** Set up jobs with a backend that answers one try-on after the other. */
function setUp(...answers: Answer[]) {
  const polled: string[] = [];
  const keys: string[] = [];
  const failures: string[] = [];
  const charged: unknown[] = [];
  const backend = {
    start: async (_product: Product, _photo: Blob, _token: unknown, key: string) => {
      keys.push(key);
      const answer = answers.shift() ?? { state: "done" };
      if (answer instanceof Error) throw answer;
      return { id: "j", state: "fail", image_url: null, quota: null, ...answer } as Job;
    },
    job: async (id: string) => {
      polled.push(id);
      const answer = answers.shift() ?? { state: "done" };
      if (answer instanceof Error) throw answer;
      return { id, image_url: "/p.jpg", quota: null, ...answer } as Job;
    },
    remove: async () => {},
  } as unknown as Backend;
  const jobs = new Jobs(backend, new TokenSource(async () => null), {
    onStage: () => {},
    onDone: () => {},
    fail: (problem: Problem) => {
      failures.push(problem.error);
      charged.push(problem.charged);
    },
  });
  return { jobs, keys, failures, charged, polled };
}

const photo = (digest?: string): Photo => ({ blob: new Blob(), preview: null, digest });
const shirt: Product = { ...readProduct({}), id: "shirt", image: "/shirt.png" };
const hat: Product = { ...readProduct({}), id: "hat", image: "/hat.png" };
const refusal = (status: number, error: string) =>
  new ProblemError({ status, error, detail: "A sentence." });

const LOST: [string, Answer][] = [
  ["without a response", new ProblemError(localProblem("slow"))],
  ["with a server error", refusal(500, "internal_error")],
  ["when Genvoris did not answer", { error: "upstream_unreachable" }],
  ["when its worker died", { error: "interrupted" }],
  ["with an error in the shop", { error: "internal_error" }],
];
const SETTLED: [string, Answer][] = [
  ["with a picture", { state: "done" }],
  ["without a plan", { state: "refused", error: "end_customer_quota" }],
  ["because of its photo", { error: "invalid_body" }],
  ["long ago", refusal(410, "tryon_over")],
];

describe("a failed try-on", () => {
  it.each(LOST)("%s keeps its key", async (_how, answer) => {
    const { jobs, keys } = setUp(answer, answer);
    const mine = photo();
    for (let times = 0; times < 3; times++) await jobs.start(shirt, mine);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(3);
  });

  it.each(SETTLED)("%s gets a new key", async (_how, answer) => {
    const { jobs, keys } = setUp(answer);
    const mine = photo();
    await jobs.start(shirt, mine);
    await jobs.start(shirt, mine);
    expect(new Set(keys).size).toBe(2);
  });

  it("keeps its key until it succeeds", async () => {
    const { jobs, keys } = setUp({ error: "interrupted" }, { state: "done" });
    const mine = photo();
    for (let times = 0; times < 3; times++) await jobs.start(shirt, mine);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("shares its key with no other photo or product", async () => {
    const { jobs, keys, failures } = setUp({ error: "interrupted" }, { error: "interrupted" });
    const mine = photo();
    await jobs.start(shirt, mine);
    await jobs.start(shirt, photo());
    await jobs.start(hat, mine);
    expect(new Set(keys).size).toBe(3);
    expect(failures).toEqual(["interrupted", "interrupted"]);
  });

  it("shares its key with no other variant", async () => {
    const { jobs, keys } = setUp({ error: "interrupted" });
    const mine = photo();
    await jobs.start(shirt, mine);
    await jobs.start({ ...shirt, variant: "Red" }, mine);
    expect(new Set(keys).size).toBe(2);
  });

  it.each([
    ["the backend says so", { error: "upstream_unreachable", charged: false }, false],
    ["it was refused before there was a job", refusal(403, "product_unavailable"), false],
    ["the backend was busy", refusal(503, "busy"), false],
    ["it was charged", { error: "internal_error", charged: true }, null],
    ["the backend does not know", { error: "internal_error", charged: null }, null],
    ["the backend is too old to say", { error: "internal_error" }, null],
    ["its answer was lost", refusal(502, "http_502"), null],
    ["its job has expired", refusal(410, "tryon_over"), null],
  ] as [string, Answer, unknown][])("is known to be free or not: %s", async (_w, answer, free) => {
    const { jobs, charged } = setUp(answer, answer, answer);
    await jobs.start(shirt, photo());
    expect(charged).toEqual([free]);
  });

  it("is not free if the one before it was not", async () => {
    const { jobs, charged } = setUp(
      { error: "upstream_unreachable", charged: null },
      { error: "upstream_unreachable", charged: false },
    );
    const mine = photo();
    await jobs.start(shirt, mine);
    await jobs.start(shirt, mine);
    expect(charged).toEqual([null, null]);
  });

  it("keeps its key during other try-ons", async () => {
    const { jobs, keys } = setUp({ error: "interrupted" });
    const mine = photo();
    await jobs.start(shirt, mine);
    jobs.detach();
    await jobs.start(hat, mine);
    await jobs.start(shirt, mine);
    expect(keys[2]).toBe(keys[0]);
    expect(keys[1]).not.toBe(keys[0]);
  });
});

describe("a photo and product that were submitted before a reload", () => {
  const again = photo("me");

  it.each(["done", "running"] as const)("are asked for: %s", async (state) => {
    await setUp({ state: "done" }).jobs.start(shirt, photo("me"));
    const { jobs, polled } = setUp({ state });
    expect(await jobs.findEarlier(shirt, again)).toMatchObject({ job: { id: "j", state } });
    expect(polled).toEqual(["j"]);
    expect(await jobs.findEarlier(hat, again)).toBeNull();
    expect(await jobs.findEarlier(shirt, photo("us"))).toBeNull();
    expect(polled).toEqual(["j"]);
  });

  it.each([404, 410])("are gone with their picture after a %s", async (status) => {
    await setUp({ state: "done" }).jobs.start(shirt, photo("me"));
    const { jobs } = setUp(refusal(status, "unknown_tryon"));
    expect(await jobs.findEarlier(shirt, again)).toEqual({ gone: "j" });
    expect(await jobs.findEarlier(shirt, again)).toBeNull();
  });

  it("are not started anew while nobody knows", async () => {
    await setUp({ state: "done" }).jobs.start(shirt, photo("me"));
    const { jobs } = setUp(refusal(503, "busy"));
    await expect(jobs.findEarlier(shirt, again)).rejects.toThrow("busy");
  });

  it("keep their key while their answer is unknown", async () => {
    const before = setUp(new ProblemError(localProblem("slow")));
    await before.jobs.start(shirt, photo("me"));
    const { jobs, keys } = setUp();
    expect(await jobs.findEarlier(shirt, again)).toBeNull();
    await jobs.start(shirt, again);
    expect(keys).toEqual(before.keys);
  });

  it("get a new key if they were refused", async () => {
    const before = setUp({ state: "running" }, refusal(500, "internal_error"));
    void before.jobs.start(shirt, photo("me"));
    await vi.waitFor(() => expect(stored.get("genvoris:attempts")).toContain('"id":"j"'));
    before.jobs.detach();
    const { jobs, keys } = setUp({ state: "refused", error: "end_customer_quota" });
    expect(await jobs.findEarlier(shirt, again)).toBeNull();
    await jobs.start(shirt, again);
    expect(keys[0]).not.toBe(before.keys[0]);
  });

  it("are known by the earlier picture if another one failed", async () => {
    await setUp({ state: "done" }).jobs.start(shirt, photo("me"));
    await setUp({ id: "other", error: "end_customer_quota" }).jobs.start(shirt, photo("me"));
    const { jobs } = setUp();
    expect(await jobs.findEarlier(shirt, again)).toMatchObject({ job: { id: "j" } });
  });

  it("are forgotten when the job is cancelled, and with everything", async () => {
    const cancelled = setUp({ state: "running" });
    void cancelled.jobs.start(shirt, photo("me"));
    await vi.waitFor(() => expect(stored.get("genvoris:attempts")).toContain('"id":"j"'));
    cancelled.jobs.stop();
    expect(await cancelled.jobs.findEarlier(shirt, again)).toBeNull();
    const { jobs } = setUp({ state: "done" });
    await jobs.start(hat, again);
    expect(stored.get("genvoris:attempts")).toContain('"done":true');
    await jobs.deleteAll();
    expect(stored.has("genvoris:attempts")).toBe(false);
  });
});
