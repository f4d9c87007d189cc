// Starts try-ons, follows them, puts them aside, and picks them up again after a reload.

import type { Product } from "../widget/public";
import { type Backend, fault, ProblemError } from "./backend";
import { addMade, forgetMade, keepJob, keptJob, made } from "./job-history";
import type { Job, Photo, Problem, Result, Stage } from "./models";
import { newKey } from "./random-id";
import { Run } from "./submission";
import type { Tokens } from "./token";

export interface Listener {
  stage(stage: Stage): void;
  /** `current`: it is the one that the dialog shows or has put aside. */
  done(result: Result, job: Job, current: boolean): void;
  failed(problem: Problem): void;
}

/** What a shopper wants, under the name that it has at the backend. */
interface Wish {
  blob: Blob;
  key: string;
}

export class Jobs {
  #run: Run | undefined;
  // Those that were left behind, too.
  readonly #all = new Set<Run>();
  #aside = false;
  // Those of which it is unknown how they ended, by their product. Trying again keeps the key, under
  // which the shop can ask for what was made already, so that it is not charged again.
  readonly #unknown = new Map<string, Wish>();

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
    const { blob } = photo;
    const known = this.#unknown.get(nameOf(product));
    const wish = known?.blob === blob ? known : { blob, key: newKey() };
    return this.#follow(product, photo, Date.now(), (run) => run.send(blob, wish.key), wish);
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
    wish?: Wish,
  ): Promise<void> {
    const run = new Run(this.backend, this.tokens, product, (stage, id) => {
      if (this.#run !== run) return;
      if (id) keepJob({ id, product, at, aside: this.#aside });
      this.listener.stage(stage);
    });
    this.#run = run;
    this.#all.add(run);
    this.#unknown.delete(nameOf(product));
    try {
      const job = await go(run);
      if (job) this.#done(run, job, photo);
    } catch (error) {
      const problem = error instanceof ProblemError ? error.problem : fault("failed");
      if (wish && mayBeCharged(problem)) this.#unknown.set(nameOf(product), wish);
      if (this.#run === run) {
        this.#end();
        this.listener.failed(problem);
      }
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

  #end(): void {
    this.leaveBehind();
    keepJob(null);
  }
}

const nameOf = ({ image, id }: Product): string => id + image;

/** Whether a try-on may have been made and charged although it failed: an answer was lost. */
function mayBeCharged({ status, error }: Problem): boolean {
  return !status || status >= 500 || /^(upstream_un|interr|internal_)/.test(error);
}
