// Remembers in this tab which job is running and which pictures were generated.

import type { Product } from "../widget/public";
import { JOB_KEY, readJson, writeText } from "../widget/storage";

const MAX_AGE = 30 * 60 * 1000;
const MAX_HISTORY = 100;
const HISTORY_KEY = "genvoris:made";

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
  return job && now - job.at < MAX_AGE ? job : null;
}

/** Remember a generated picture, so that the shopper can delete all of them. */
export function addToHistory(id: string): void {
  writeText(HISTORY_KEY, JSON.stringify([...readHistory(), id].slice(-MAX_HISTORY)));
}

export const readHistory = (): string[] => readJson<string[]>(HISTORY_KEY) ?? [];

export const clearHistory = (): unknown => writeText(HISTORY_KEY, null);
