// Starts try-ons, follows them, puts them aside, and picks them up again after a reload.

import { type Backend, fault, ProblemError } from "./api";
import { addMade, forgetMade, keepJob, keptJob, made } from "./made";
import { Run } from "./run";
import { newKey, type Stage } from "./shared";
import type { Tokens } from "./token";
import type { Job, Photo, Problem, Product, Result } from "./types";

export interface Listener {
  stage(stage: Stage): void;
  /** `current`: it is the one that the dialog shows or has put aside. */
  done(result: Result, job: Job, current: boolean): void;
  failed(problem: Problem): void;
}

export class Jobs {
  #run: Run | undefined;
  // Those that were left behind, too.
  readonly #all = new Set<Run>();
  #aside = false;
  // Kept while it is unknown how a try-on ended, so that trying again is not charged again.
  #key = newKey();

  constructor(
    private readonly backend: Backend,
    private readonly tokens: Tokens,
    private readonly listener: Listener,
  ) {}

  get running(): Product | undefined {
    return this.#run?.product;
  }

  start(product: Product, photo: Photo): Promise<void> {
    this.#aside = false;
    return this.#follow(product, photo, Date.now(), (run) => run.send(photo.blob, this.#key));
  }

  /** Gives the job that an earlier page left running, and goes on following it. */
  pickUp(): ReturnType<typeof keptJob> {
    const kept = keptJob();
    if (kept) {
      this.#aside = kept.aside;
      void this.#follow(kept.product, null, kept.at, (run) => run.pickUp(kept.id));
    }
    return kept;
  }

  /** Remembers whether the shopper looks at the job or goes on shopping. */
  putAside(aside: boolean): void {
    this.#aside = aside;
    const kept = keptJob();
    if (kept) keepJob({ ...kept, aside });
  }

  /** Lets the job go on for another product's sake; its picture will be among the earlier ones. */
  leaveBehind(): void {
    this.#run = undefined;
    this.#key = newKey();
  }

  /** Ends the job here and at the backend. */
  stop(): void {
    if (!this.#run) return;
    this.#run.stop();
    this.leaveBehind();
    keepJob(null);
  }

  /** Deletes every picture of this tab, with its photo, at the backend. */
  async deleteAll(): Promise<void> {
    this.stop();
    for (const run of this.#all) run.stop();
    await Promise.all(made().map((id) => this.backend.remove(id)));
    forgetMade();
  }

  async #follow(
    product: Product,
    photo: Photo | null,
    at: number,
    go: (run: Run) => Promise<Job | null>,
  ): Promise<void> {
    const run = new Run(this.backend, this.tokens, product, (stage, id) => {
      if (this.#run !== run) return;
      if (id) keepJob({ id, product, at, aside: this.#aside });
      this.listener.stage(stage);
    });
    this.#run = run;
    this.#all.add(run);
    try {
      const job = await go(run);
      if (job) this.#done(run, job, photo);
    } catch (error) {
      if (this.#run === run) this.#failed(error);
    } finally {
      this.#all.delete(run);
    }
  }

  #done(run: Run, job: Job, photo: Photo | null): void {
    const current = this.#run === run;
    if (current) this.#end();
    addMade(job.id);
    const { product } = run;
    const result = { id: job.id, imageUrl: job.image_url ?? "", product, photo };
    this.listener.done(result, job, current);
  }

  #failed(error: unknown): void {
    const problem = error instanceof ProblemError ? error.problem : fault("failed");
    const key = this.#key;
    this.#end();
    // No answer: it may have been made after all, so the same wish keeps its name.
    if (!problem.status) this.#key = key;
    this.listener.failed(problem);
  }

  #end(): void {
    this.leaveBehind();
    keepJob(null);
  }
}
