import { describe, expect, it } from "vitest";
import { type Backend, ProblemError, readProblem } from "../src/api";
import { Run } from "../src/run";
import { Tokens } from "../src/token";
import type { Job } from "../src/types";

const product = { image: "/shirt.png", title: "", id: "", category: "", page: "" };
const job = (state: Job["state"], more: Partial<Job> = {}): Job => ({
  id: "j",
  state,
  image_url: null,
  quota: null,
  ...more,
});
const fault = (status: number, error: string) =>
  new ProblemError({ status, error, detail: "A sentence." });

function setUp(starts: (Job | Error)[], jobs: (Job | Error)[] = []) {
  const log: string[] = [];
  const keys: string[] = [];
  const take = async (list: (Job | Error)[]) => {
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer instanceof Error || !answer) throw answer;
    return answer;
  };
  const backend = {
    session: async () => {
      log.push("session");
      return { token: "new", expires_at: 1 };
    },
    start: (_product: unknown, _photo: unknown, token: string | null, key: string) => {
      log.push(`start ${token}`);
      keys.push(key);
      return take(starts);
    },
    job: () => take(jobs),
    forget: (id: string) => log.push(`forget ${id}`),
  } as unknown as Backend;
  const stages: string[] = [];
  const run = new Run(
    backend,
    new Tokens(backend, null),
    product,
    new Blob(),
    "key-1",
    (stage) => stages.push(stage),
    () => new Promise((wake) => setTimeout(wake, 1)),
  );
  return { run, log, keys, stages };
}

describe("a try-on", () => {
  it("is followed through its stages to its end", async () => {
    const { run, stages } = setUp([job("queued")], [job("running"), job("done")]);
    expect((await run.finish())?.state).toBe("done");
    expect(stages).toEqual(["queued", "running"]);
  });

  it("is sent once more, with the same key and a new token, when the token has ended", async () => {
    const { run, log, keys } = setUp([fault(401, "invalid_session_token"), job("done")]);
    await run.finish();
    expect(log).toEqual(["session", "start new", "session", "start new"]);
    expect(keys).toEqual(["key-1", "key-1"]);
  });

  it("is not sent a third time", async () => {
    const { run, log } = setUp([fault(401, "invalid_session_token")]);
    await expect(run.finish()).rejects.toThrow("invalid_session_token");
    expect(log.filter((line) => line.startsWith("start"))).toHaveLength(2);
  });

  it("is sent again, with the same key, when the way there is blocked or the shop is busy", async () => {
    const { run, keys } = setUp([fault(0, "offline"), fault(503, "busy"), job("done")]);
    expect((await run.finish())?.state).toBe("done");
    expect(keys).toEqual(["key-1", "key-1", "key-1"]);
  });

  it("is not sent for ever", async () => {
    const { run, keys } = setUp([fault(503, "busy")]);
    await expect(run.finish()).rejects.toThrow("busy");
    expect(keys).toHaveLength(3);
  });

  it("is not sent again when it is refused", async () => {
    const { run, keys } = setUp([fault(400, "broken_photo")]);
    await expect(run.finish()).rejects.toThrow("broken_photo");
    expect(keys).toHaveLength(1);
  });

  it("survives a short loss of the connection", async () => {
    const lost = fault(0, "offline");
    const { run } = setUp(
      [job("queued")],
      [lost, fault(502, "x"), job("running"), lost, job("done")],
    );
    expect((await run.finish())?.state).toBe("done");
  });

  it("ends when the connection stays away", async () => {
    const { run } = setUp([job("queued")], [fault(0, "offline")]);
    await expect(run.finish()).rejects.toThrow("offline");
  });

  it("that is refused carries the paywall", async () => {
    const paywall = { kind: "offer", title: "t" } as Job["paywall"];
    const refused = job("refused", { error: "end_customer_quota", reason: "no_plan" });
    const { run } = setUp([job("queued")], [{ ...refused, ...(paywall && { paywall }) }]);
    const error = await run.finish().catch((caught: ProblemError) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problem).toMatchObject({ reason: "no_plan", paywall });
  });

  it("that is stopped is forgotten by the backend too", async () => {
    const { run, log } = setUp([job("queued")], [job("running")]);
    const end = run.finish();
    await new Promise((wake) => setTimeout(wake, 2));
    run.stop();
    expect(await end).toBeNull();
    expect(log).toContain("forget j");
  });

  it("that is stopped before it was sent whole is forgotten once it arrives", async () => {
    const { run, log } = setUp([job("queued")], [job("running")]);
    const end = run.finish();
    run.stop();
    expect(await end).toBeNull();
    expect(log).toContain("forget j");
  });
});

describe("a refusal", () => {
  it("in words that are not ours still has a code and a sentence", () => {
    expect(readProblem(502, {})).toMatchObject({ error: "http_502", status: 502 });
    expect(readProblem(502, {}).detail).toMatch(/\.$/);
  });
});
