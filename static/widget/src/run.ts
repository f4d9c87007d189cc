// Runs one try-on: sends it, follows it, and says how it ended.

import { type Backend, ProblemError } from "./api";
import type { Stage } from "./machine";
import type { Product } from "./shared";
import { strings } from "./strings";
import type { Tokens } from "./token";
import type { Job, Problem } from "./types";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 2000;
const LONGEST_RUN = 240_000;
const MISSES_ALLOWED = 5;
const SENDS_ALLOWED = 3;

export class Run {
  private jobId: string | undefined;
  private stopped = false;
  constructor(
    private readonly backend: Backend,
    private readonly tokens: Tokens,
    private readonly product: Product,
    private readonly photo: Blob,
    // One wish is one try-on, however often it has to be sent.
    private readonly key: string,
    private readonly onStage: (stage: Stage) => void,
    private readonly sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms)),
  ) {}

  /** Gives the finished job, or null when it was stopped. Throws ProblemError otherwise. */
  async finish(): Promise<Job | null> {
    let job = await this.send();
    this.jobId = job.id;
    if (this.stopped) {
      this.backend.forget(job.id);
      return null;
    }
    job = await this.follow(job);
    if (this.stopped) return null;
    if (job.state === "done") return job;
    throw new ProblemError(problemOf(job));
  }

  stop(): void {
    this.stopped = true;
    if (this.jobId) this.backend.forget(this.jobId);
  }

  /** Sends the photo; again with a new token, and again when the way there is blocked. */
  private async send(): Promise<Job> {
    let token = await this.tokens.get();
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.backend.start(this.product, this.photo, token, this.key);
      } catch (error) {
        if (!(error instanceof ProblemError) || this.stopped) throw error;
        const { problem } = error;
        if (problem.error === "invalid_session_token" && !renewed) {
          token = await this.tokens.renew();
          renewed = true;
        } else if (mayPass(problem) && attempt < SENDS_ALLOWED) {
          this.onStage("queued");
          await this.sleep(problem.retryAfter ? problem.retryAfter * 1000 : FIRST_WAIT * attempt);
        } else {
          throw error;
        }
      }
    }
  }

  private async follow(job: Job): Promise<Job> {
    let current = job;
    let misses = 0;
    let waited = 0;
    for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 1.25)) {
      if (current.state !== "queued" && current.state !== "running") return current;
      this.onStage(current.state);
      if (waited > LONGEST_RUN) throw new ProblemError(tooSlow());
      await this.sleep(wait);
      waited += wait;
      if (this.stopped) return current;
      try {
        current = await this.backend.job(current.id);
        misses = 0;
      } catch (error) {
        // A phone that changes its network misses a beat; the job goes on without it.
        if (!(error instanceof ProblemError) || !mayPass(error.problem)) throw error;
        if (++misses > MISSES_ALLOWED) throw error;
      }
    }
  }
}

function problemOf(job: Job): Problem {
  const { error, detail, ...rest } = job;
  return { ...rest, status: 200, error: error ?? "failed", detail: detail ?? strings.failed };
}

function tooSlow(): Problem {
  return { status: 0, error: "slow", detail: strings.slow };
}

/** Says whether the same request may succeed later: no answer, too busy, a proxy's fault. */
function mayPass(problem: Problem): boolean {
  const blocked = problem.status === 0 && problem.error === "offline";
  return blocked || [429, 502, 503, 504].includes(problem.status);
}

/** Gives a name for one wish, so that the backend can tell a repeat from another. */
export function newKey(): string {
  // randomUUID is missing on pages without https.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
