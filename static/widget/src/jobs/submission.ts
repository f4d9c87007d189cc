// One try-on: submits the photo, and polls until the job has ended.

import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import { type Backend, localProblem, ProblemError } from "./backend";
import type { Job, JobStage, Problem, Removal } from "./models";
import type { TokenSource } from "./token-source";

// Milliseconds.
const FIRST_WAIT = 500;
const MAX_WAIT = 2000;
const MAX_RUNTIME = 240_000;
const MAX_MISSED_POLLS = 5;
const MAX_ATTEMPTS = 3;

export class Submission {
  #stopped = false;
  /** The job, once the backend has it. */
  jobId: string | undefined;
  // A request without an answer may have started a job.
  #mayHaveStarted = false;
  #onRemoved: ((outcome: Removal) => void) | undefined;

  constructor(
    private readonly backend: Pick<Backend, "start" | "job" | "remove">,
    private readonly tokens: Pick<TokenSource, "get" | "refresh">,
    readonly product: Product,
    private readonly onStage: (stage: JobStage, job?: Job) => void,
    private readonly sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms)),
  ) {}

  /**
   * Submit a photo and return the finished job; null if it was stopped.
   *
   * Throw ProblemError otherwise. The key makes repeated requests one try-on at the backend.
   */
  async send(photo: Blob, key: string): Promise<Job | null> {
    const job = await this.#submit(photo, key).catch((error) => {
      if (error instanceof ProblemError) error.problem.charged = this.#mayHaveStarted && null;
      throw error;
    });
    this.jobId = job.id;
    if (!this.#stopped) return this.#finish(job);
    this.#remove();
    return null;
  }

  /** Follow a job that an earlier page has submitted. */
  async follow(id: string): Promise<Job | null> {
    this.jobId = id;
    return this.#finish({ id, state: "queued", image_url: null, quota: null });
  }

  /** Cancel it, as soon as the backend has it; `onRemoved` is told what became of it. */
  stop(onRemoved?: (outcome: Removal) => void): void {
    this.#stopped = true;
    this.#onRemoved = onRemoved;
    this.#remove();
  }

  #remove(): void {
    // The page may be going away, so the answer is ignored.
    if (this.jobId) this.backend.remove(this.jobId).then(this.#onRemoved, () => {});
  }

  async #finish(started: Job): Promise<Job | null> {
    const job = await this.#poll(started);
    if (this.#stopped) return null;
    if (job.state === "done") return job;
    throw new ProblemError(problemOf(job));
  }

  /** Submit the photo; once more with a new token, and again after a temporary failure. */
  async #submit(photo: Blob, key: string): Promise<Job> {
    let token = await this.tokens.get();
    let refreshed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.backend.start(this.product, photo, token, key);
      } catch (error) {
        if (!(error instanceof ProblemError) || this.#stopped) throw error;
        const { problem } = error;
        this.#mayHaveStarted ||= !isRefused(problem);
        if (problem.error === "invalid_session_token" && !refreshed) {
          token = await this.tokens.refresh();
          refreshed = true;
        } else if (isRetryable(problem) && attempt < MAX_ATTEMPTS) {
          this.onStage("queued");
          await this.sleep(problem.retryAfter ? problem.retryAfter * 1000 : FIRST_WAIT * attempt);
        } else {
          throw error;
        }
      }
    }
  }

  async #poll(job: Job): Promise<Job> {
    let current = job;
    let missed = 0;
    let waited = 0;
    for (let wait = FIRST_WAIT; ; wait = Math.min(MAX_WAIT, wait * 1.25)) {
      if (current.state !== "queued" && current.state !== "running") return current;
      this.onStage(current.state, current);
      if (waited > MAX_RUNTIME) throw new ProblemError(localProblem("slow"));
      await this.sleep(wait);
      waited += wait;
      if (this.#stopped) return current;
      try {
        current = await this.backend.job(current.id);
        missed = 0;
      } catch (error) {
        // A phone that changes networks misses a poll; the job goes on.
        if (!(error instanceof ProblemError) || !isRetryable(error.problem)) throw error;
        if (++missed > MAX_MISSED_POLLS) throw error;
      }
    }
  }
}

/** Return why there is no picture. */
export function problemOf(job: Job): Problem {
  const { error, detail, ...rest } = job;
  return { ...rest, status: 200, error: error ?? "failed", detail: detail ?? t("failed") };
}

/** Whether the backend has said that there is no job. */
function isRefused({ error, status }: Problem): boolean {
  return error === "busy" || (status >= 400 && status < 500 && status !== 410);
}

/** Whether the same request may succeed soon: no answer, too busy, a proxy's failure. */
function isRetryable({ error, paywall, status }: Problem): boolean {
  return error === "offline" || (!paywall && [429, 502, 503, 504].includes(status));
}
