// Starts try-ons, follows them in the background, and again after a reload.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import {
  type Attempt,
  attemptName,
  clearAttempts,
  findAttempt,
  readAttempt,
  saveAttempt,
  updateAttempt,
} from "./attempts";
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
import { problemOf, Submission } from "./submission";
import type { TokenSource } from "./token-source";

export interface JobListener {
  /** `charged` is undefined until the backend has the job. */
  onStage(stage: JobStage, charged?: boolean | null): void;
  /** `current`: the dialog shows this job, or has minimised it. */
  onDone(result: Result, job: Job, current: boolean): void;
  fail(problem: Problem): void;
}

/** What is known of a photo that was submitted for a product before. */
export type Earlier = { job: Job } | { gone: string };

interface Following {
  /** The attempt's name. */
  name?: string | undefined;
  /** What the attempt has replaced. */
  before?: Attempt | undefined;
  held?: ReturnType<typeof holdJob>;
}

export class Jobs {
  #current: Submission | undefined;
  // Detached ones too, each with the name of its attempt.
  readonly #all = new Map<Submission, string | undefined>();
  #minimised = false;

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
    const name = attemptName(product, photo);
    const known = readAttempt(name);
    const attempt = known && !known.done ? known : { key: randomId() };
    saveAttempt(name, attempt);
    const run = (submission: Submission) => submission.send(photo.blob, attempt.key);
    return this.#follow(product, photo, Date.now(), run, { name, before: known });
  }

  /** Ask what became of this photo and product, if they were submitted before. */
  async findEarlier(product: Product, photo: Photo): Promise<Earlier | null> {
    const name = attemptName(product, photo);
    const { id, done } = readAttempt(name) ?? {};
    if (!id) return null;
    try {
      const job = await this.backend.job(id);
      if (["queued", "running", "done"].includes(job.state)) return { job };
      if (!isLost(problemOf(job))) saveAttempt(name, null);
      return null;
    } catch (error) {
      const { status = 0 } = error instanceof ProblemError ? error.problem : {};
      if (status !== 404 && status !== 410) throw error;
      saveAttempt(name, null);
      return done ? { gone: id } : null;
    }
  }

  /** Follow a job of the same photo and product, instead of starting another one. */
  follow({ id }: Job, product: Product, photo: Photo): Promise<void> {
    this.#minimised = false;
    this.#current = [...this.#all.keys()].find((submission) => submission.jobId === id);
    if (this.#current) return Promise.resolve();
    const run = (submission: Submission) => submission.follow(id);
    return this.#follow(product, photo, Date.now(), run, { name: attemptName(product, photo) });
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
    const held = Promise.resolve(release);
    void this.#follow(job.product, null, job.at, run, { name: findAttempt(job.id), held });
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
    const name = this.#all.get(this.#current);
    if (name) saveAttempt(name, null);
    this.#all.delete(this.#current);
    this.#current.stop(onRemoved);
    this.#settle();
  }

  /** Delete every picture of this tab, with its photo, at the backend. */
  async deleteAll(): Promise<void> {
    this.stop();
    for (const submission of this.#all.keys()) submission.stop();
    this.#all.clear();
    clearAttempts();
    await Promise.all(readHistory().map((id) => this.backend.remove(id)));
    clearHistory();
    clearReactions();
  }

  async #follow(
    product: Product,
    photo: Photo | null,
    at: number,
    run: (submission: Submission) => Promise<Job | null>,
    { name, before, held }: Following,
  ): Promise<void> {
    let holding = held;
    const submission = new Submission(this.backend, this.tokens, product, (stage, job) => {
      const { id, charged } = job ?? {};
      if (id && name) updateAttempt(name, { id });
      if (this.#current !== submission) return;
      if (id) holding ??= holdJob(id);
      if (id) saveRunningJob({ id, product, at, aside: this.#minimised });
      this.listener.onStage(stage, charged);
    });
    this.#current = submission;
    this.#all.set(submission, name);
    try {
      const job = await run(submission);
      if (!job) return;
      if (name) updateAttempt(name, { id: job.id, done: true });
      this.#finish(submission, job, photo);
    } catch (error) {
      const problem = error instanceof ProblemError ? error.problem : localProblem("failed");
      const attempt = name && this.#all.has(submission) ? readAttempt(name) : undefined;
      if (problem.charged !== false || attempt?.mayBeCharged) problem.charged = null;
      if (name && attempt) {
        const lost = { ...attempt, mayBeCharged: problem.charged === null };
        // The picture that was to be made once more is still there.
        const kept = before?.done ? before : null;
        saveAttempt(name, isLost(problem) ? lost : kept);
      }
      if (this.#current === submission) {
        this.#settle();
        this.listener.fail(problem);
      }
    } finally {
      this.#all.delete(submission);
      void holding?.then((release) => release?.());
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

/** Whether a failed try-on may have been made and charged all the same: its answer was lost. */
function isLost({ status, error }: Problem): boolean {
  return !status || status >= 500 || /^(upstream_un|interr|internal_)/.test(error);
}
