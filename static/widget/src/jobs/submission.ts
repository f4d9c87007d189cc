// Runs one try-on: sends it, follows it, and says how it ended.

import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import { type Backend, fault, ProblemError } from "./backend";
import type { Job, Problem, Stage } from "./models";
import type { Tokens } from "./token";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 2000;
const LONGEST_RUN = 240_000;
const MISSES_ALLOWED = 5;
const SENDS_ALLOWED = 3;

export class Run {
  #stopped = false;
  #jobId: string | undefined;

  constructor(
    private readonly backend: Pick<Backend, "start" | "job" | "remove">,
    private readonly tokens: Pick<Tokens, "get" | "renew">,
    readonly product: Product,
    private readonly onStage: (stage: Stage, jobId?: string) => void,
    private readonly sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms)),
  ) {}

  /**
   * Gives the finished job, or null when it was stopped. Throws ProblemError otherwise.
   *
   * The key tells the backend that one wish is one try-on, however often it has to be sent.
   */
  async send(photo: Blob, key: string): Promise<Job | null> {
    const job = await this.#deliver(photo, key);
    this.#jobId = job.id;
    if (!this.#stopped) return this.#finish(job);
    this.#forget();
    return null;
  }

  /** Follows a job that an earlier page has sent. */
  async pickUp(id: string): Promise<Job | null> {
    this.#jobId = id;
    return this.#finish({ id, state: "queued", image_url: null, quota: null });
  }

  stop(): void {
    this.#stopped = true;
    this.#forget();
  }

  #forget(): void {
    // Its answer is of no use to a page that may be going away.
    if (this.#jobId) this.backend.remove(this.#jobId).catch(() => {});
  }

  async #finish(started: Job): Promise<Job | null> {
    const job = await this.#follow(started);
    if (this.#stopped) return null;
    if (job.state === "done") return job;
    throw new ProblemError(problemOf(job));
  }

  /** Sends the photo; again with a new token, and again when the way there is blocked. */
  async #deliver(photo: Blob, key: string): Promise<Job> {
    let token = await this.tokens.get();
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.backend.start(this.product, photo, token, key);
      } catch (error) {
        if (!(error instanceof ProblemError) || this.#stopped) throw error;
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

  async #follow(job: Job): Promise<Job> {
    let current = job;
    let misses = 0;
    let waited = 0;
    for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 1.25)) {
      if (current.state !== "queued" && current.state !== "running") return current;
      this.onStage(current.state, current.id);
      if (waited > LONGEST_RUN) throw new ProblemError(fault("slow"));
      await this.sleep(wait);
      waited += wait;
      if (this.#stopped) return current;
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
  return { ...rest, status: 200, error: error ?? "failed", detail: detail ?? t("failed") };
}

/** Says whether the same request may succeed soon: no answer, too busy, a proxy's fault. */
function mayPass({ error, paywall, status }: Problem): boolean {
  return error === "offline" || (!paywall && [429, 502, 503, 504].includes(status));
}
