// Starts try-ons, follows them in the background, and again after a reload.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { type Backend, localProblem, ProblemError } from "./backend";
import {
  addToHistory,
  clearHistory,
  holdJob,
  type RunningJob,
  readHistory,
  readRunningJob,
  saveRunningJob,
} from "./job-history";
import type { Job, JobStage, Problem, Removal, Result } from "./models";
import { randomId } from "./random-id";
import { clearReactions } from "./reactions";
import { Submission } from "./submission";
import type { TokenSource } from "./token-source";

export interface JobListener {
  /** `charged` is undefined until the backend has the job. */
  onStage(stage: JobStage, charged?: boolean | null): void;
  /** `current`: the dialog shows this job, or has minimised it. */
  onDone(result: Result, job: Job, current: boolean): void;
  fail(problem: Problem): void;
}

/** A photo, and the idempotency key under which it is submitted. */
interface Attempt {
  photo: Blob;
  key: string;
  /** Whether a picture may have been charged under this key. */
  mayBeCharged?: boolean;
}

export class Jobs {
  #current: Submission | undefined;
  // Detached ones too.
  readonly #all = new Set<Submission>();
  #minimised = false;
  // Attempts with an unknown outcome, by product. Trying again reuses the key, so that the backend
  // can find what it has made already, and the shop is not charged twice.
  readonly #unsettled = new Map<string, Attempt>();

  constructor(
    private readonly backend: Backend,
    private readonly tokens: TokenSource,
    private readonly listener: JobListener,
  ) {}

  get running(): Product | undefined {
    return this.#current?.product;
  }

  start(product: Product, photo: Photo): Promise<void> {
    this.#minimised = false;
    const { blob } = photo;
    const known = this.#unsettled.get(productKey(product));
    const attempt = known?.photo === blob ? known : { photo: blob, key: randomId() };
    const run = (submission: Submission) => submission.send(blob, attempt.key);
    return this.#follow(product, photo, Date.now(), run, attempt);
  }

  /** Follow the job that an earlier page of this tab has left running, and return it. */
  async followEarlier(): Promise<RunningJob | null> {
    const job = readRunningJob();
    const release = job && (await holdJob(job.id));
    if (!job || this.#current) return null;
    if (!release) {
      saveRunningJob(null);
      return null;
    }
    this.#minimised = job.aside;
    const run = (submission: Submission) => submission.follow(job.id);
    void this.#follow(job.product, null, job.at, run).finally(release);
    return job;
  }

  /** Remember across pages whether the dialog is minimised. */
  setMinimised(minimised: boolean): void {
    this.#minimised = minimised;
    const job = readRunningJob();
    if (job) saveRunningJob({ ...job, aside: minimised });
  }

  /** Turn to another product; the picture of this one will be among the earlier ones. */
  detach(): void {
    this.#current = undefined;
  }

  /** Cancel the job, also at the backend; `onRemoved` is told what became of it. */
  stop(onRemoved?: (outcome: Removal) => void): void {
    if (!this.#current) return;
    this.#current.stop(onRemoved);
    this.#settle();
  }

  /** Delete every picture of this tab, with its photo, at the backend. */
  async deleteAll(): Promise<void> {
    this.stop();
    for (const submission of this.#all) submission.stop();
    await Promise.all(readHistory().map((id) => this.backend.remove(id)));
    clearHistory();
    clearReactions();
  }

  async #follow(
    product: Product,
    photo: Photo | null,
    at: number,
    run: (submission: Submission) => Promise<Job | null>,
    attempt?: Attempt,
  ): Promise<void> {
    let held: ReturnType<typeof holdJob> | undefined;
    const submission = new Submission(this.backend, this.tokens, product, (stage, job) => {
      if (this.#current !== submission) return;
      const { id, charged } = job ?? {};
      if (id && attempt) held ??= holdJob(id);
      if (id) saveRunningJob({ id, product, at, aside: this.#minimised });
      this.listener.onStage(stage, charged);
    });
    this.#current = submission;
    this.#all.add(submission);
    this.#unsettled.delete(productKey(product));
    try {
      const job = await run(submission);
      if (job) this.#finish(submission, job, photo);
    } catch (error) {
      const problem = error instanceof ProblemError ? error.problem : localProblem("failed");
      if (problem.charged !== false || attempt?.mayBeCharged) problem.charged = null;
      if (attempt && isLost(problem)) {
        const mayBeCharged = problem.charged === null;
        this.#unsettled.set(productKey(product), { ...attempt, mayBeCharged });
      }
      if (this.#current === submission) {
        this.#settle();
        this.listener.fail(problem);
      }
    } finally {
      this.#all.delete(submission);
      void held?.then((release) => release?.());
    }
  }

  #finish(submission: Submission, job: Job, photo: Photo | null): void {
    const current = this.#current === submission;
    if (current) this.#settle();
    addToHistory(job.id);
    const { product } = submission;
    const result = { id: job.id, imageUrl: job.image_url ?? "", product, photo };
    this.listener.onDone(result, job, current);
  }

  #settle(): void {
    this.detach();
    saveRunningJob(null);
  }
}

const productKey = ({ image, id, variant }: Product): string => id + image + variant;

/** Whether a failed try-on may have been made and charged all the same: its answer was lost. */
function isLost({ status, error }: Problem): boolean {
  return !status || status >= 500 || /^(upstream_un|interr|internal_)/.test(error);
}
