// Remembers in this tab which job is running and which pictures were generated.

import type { Product } from "../widget/public";
import { JOB_KEY, readJson, writeText } from "../widget/storage";

const MAX_AGE = 30 * 60 * 1000;
const MAX_HISTORY = 100;
const HISTORY_KEY = "genvoris:made";
// How long a page that is being left may still hold a job; a slow phone takes seconds to leave it.
const LEAVING = 10_000;

export interface RunningJob {
  at: number;
  id: string;
  product: Product;
  /** Whether the dialog is minimised. */
  aside: boolean;
}

export function saveRunningJob(job: RunningJob | null): void {
  writeText(JOB_KEY, job && JSON.stringify(job));
}

export function readRunningJob(now = Date.now()): RunningJob | null {
  const job = readJson<RunningJob>(JOB_KEY);
  const isKnown = job && typeof job.at === "number" && job.id && job.product;
  return isKnown && now - job.at < MAX_AGE ? job : null;
}

/**
 * Hold a job while this page follows it; return how to release it, or null if another tab holds it.
 *
 * A tab that a script has opened starts with a copy of this one's storage, and so of its job.
 */
export function holdJob(id: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const hold = () =>
      new Promise<void>((release) => {
        // A page in the back/forward cache must not keep the job from the tab's next one.
        addEventListener("pagehide", () => release(), { once: true });
        resolve(release);
      });
    const free = () => resolve(() => {});
    // Browsers offer no locks to pages without https.
    if (!navigator.locks) return free();
    const signal = AbortSignal.timeout(LEAVING);
    navigator.locks
      .request(`genvoris:job:${id}`, { signal }, hold)
      .catch(() => (signal.aborted ? resolve(null) : free()));
  });
}

/** Remember a generated picture, so that the shopper can delete all of them. */
export function addToHistory(id: string): void {
  writeText(HISTORY_KEY, JSON.stringify([...readHistory(), id].slice(-MAX_HISTORY)));
}

export const readHistory = (): string[] => readJson<string[]>(HISTORY_KEY) ?? [];

export const clearHistory = (): unknown => writeText(HISTORY_KEY, null);
