import { describe, expect, it } from "vitest";
import { ProblemError, parseProblem } from "../src/jobs/backend";
import type { Job } from "../src/jobs/models";
import { readProduct } from "../src/jobs/product";
import { Submission } from "../src/jobs/submission";
import { TokenSource } from "../src/jobs/token-source";
import type { Paywall } from "../src/widget/public";

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
  const tokens = new TokenSource(async () => {
    log.push("session");
    return "new";
  });
  const backend = {
    start: (_product: unknown, _photo: unknown, token: string | null, key: string) => {
      log.push(`start ${token}`);
      keys.push(key);
      return take(starts);
    },
    job: () => take(jobs),
    remove: async (id: string) => {
      log.push(`remove ${id}`);
      return "cancelled" as const;
    },
  };
  const stages: string[] = [];
  const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
  const submission = new Submission(
    backend,
    tokens,
    readProduct({}),
    (stage) => stages.push(stage),
    soon,
  );
  const finish = () => submission.send(new Blob(), "key-1");
  return { submission, finish, log, keys, stages };
}

describe("a try-on", () => {
  it("is followed to its end", async () => {
    const { finish, stages } = setUp([job("queued")], [job("running"), job("done")]);
    expect((await finish())?.state).toBe("done");
    expect(stages).toEqual(["queued", "running"]);
  });

  it("is sent again with a new token and the same key", async () => {
    const { finish, log, keys } = setUp([fault(401, "invalid_session_token"), job("done")]);
    await finish();
    expect(log).toEqual(["session", "start new", "session", "start new"]);
    expect(keys).toEqual(["key-1", "key-1"]);
  });

  it("is not sent with a third token", async () => {
    const { finish, log } = setUp([fault(401, "invalid_session_token")]);
    await expect(finish()).rejects.toThrow("invalid_session_token");
    expect(log.filter((line) => line.startsWith("start"))).toHaveLength(2);
  });

  it("is sent once if a paywall answers", async () => {
    const paywall = { kind: "offer", title: "", message: "" } as Paywall;
    const spent = { status: 429, error: "guest_limit_reached", detail: "A sentence.", paywall };
    const { finish, keys } = setUp([new ProblemError(spent)]);
    await expect(finish()).rejects.toThrow("guest_limit_reached");
    expect(keys).toHaveLength(1);
  });

  it("is sent again after temporary failures", async () => {
    const { finish, keys } = setUp([fault(0, "offline"), fault(503, "busy"), job("done")]);
    expect((await finish())?.state).toBe("done");
    expect(keys).toEqual(["key-1", "key-1", "key-1"]);
  });

  it("is sent three times at most", async () => {
    const { finish, keys } = setUp([fault(503, "busy")]);
    await expect(finish()).rejects.toThrow("busy");
    expect(keys).toHaveLength(3);
  });

  it("is sent once if it is refused", async () => {
    const { finish, keys } = setUp([fault(400, "broken_photo")]);
    await expect(finish()).rejects.toThrow("broken_photo");
    expect(keys).toHaveLength(1);
  });

  it("survives missed polls", async () => {
    const lost = fault(0, "offline");
    const { finish } = setUp(
      [job("queued")],
      [lost, fault(502, "x"), job("running"), lost, job("done")],
    );
    expect((await finish())?.state).toBe("done");
  });

  it("ends after too many missed polls", async () => {
    const { finish } = setUp([job("queued")], [fault(0, "offline")]);
    await expect(finish()).rejects.toThrow("offline");
  });

  it("returns the paywall of a refusal", async () => {
    const paywall = { kind: "offer", title: "t" } as Job["paywall"];
    const refused = job("refused", { error: "end_customer_quota", reason: "no_plan" });
    const { finish } = setUp([job("queued")], [{ ...refused, ...(paywall && { paywall }) }]);
    const error = await finish().catch((caught: ProblemError) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problem).toMatchObject({ reason: "no_plan", paywall });
  });

  it("is removed when it is stopped", async () => {
    const { submission, finish, log } = setUp([job("queued")], [job("running")]);
    const end = finish();
    await new Promise((resolve) => setTimeout(resolve, 2));
    submission.stop();
    expect(await end).toBeNull();
    expect(log).toContain("remove j");
  });

  it("is removed if it is stopped while being sent", async () => {
    const { submission, finish, log } = setUp([job("queued")], [job("running")]);
    const end = finish();
    submission.stop();
    expect(await end).toBeNull();
    expect(log).toContain("remove j");
  });
});

describe("an endless job", () => {
  it("is given up after four minutes", async () => {
    const backend = {
      start: async () => job("queued"),
      job: async () => job("running"),
      remove: async () => "deleted" as const,
    };
    let slept = 0;
    const sleep = async (ms: number) => {
      slept += ms;
    };
    const tokens = new TokenSource(async () => null);
    const submission = new Submission(backend, tokens, readProduct({}), () => {}, sleep);
    await expect(submission.send(new Blob(), "k")).rejects.toThrow("slow");
    expect(slept).toBeGreaterThan(230_000);
    expect(slept).toBeLessThan(250_000);
  });
});

describe("a cancelled try-on", () => {
  it("says what became of it, even if the backend did not have it yet", async () => {
    const outcomes: string[] = [];
    const backend = {
      start: async () => ({ id: "j", state: "queued", image_url: null, quota: null }) as Job,
      job: async () => ({ id: "j", state: "queued", image_url: null, quota: null }) as Job,
      remove: async () => "under_way" as const,
    };
    const tokens = new TokenSource(async () => null);
    const submission = new Submission(backend, tokens, readProduct({}), () => {});
    const sent = submission.send(new Blob(), "k");
    submission.stop((outcome) => outcomes.push(outcome));
    expect(await sent).toBeNull();
    await Promise.resolve();
    expect(outcomes).toEqual(["under_way"]);
  });
});

describe("a job of an earlier page", () => {
  it("is followed without being sent", async () => {
    const { submission, keys } = setUp([], [fault(0, "offline"), job("running"), job("done")]);
    expect((await submission.follow("j"))?.state).toBe("done");
    expect(keys).toEqual([]);
  });
});

describe("an error response", () => {
  it("always has a code and a sentence", () => {
    expect(parseProblem(502, {})).toMatchObject({ error: "http_502", status: 502 });
    expect(parseProblem(502, {}).detail).toMatch(/\.$/);
  });
});
