// Remembers in this tab which job runs and which pictures were made.

import type { Product } from "../widget/public";
import { JOB_KEY, readObject, write } from "../widget/storage";

const LONGEST = 30 * 60 * 1000;
const MADE_KEY = "genvoris:made";

export interface KeptJob {
  at: number;
  id: string;
  product: Product;
  /** Whether the shopper had put it aside. */
  aside: boolean;
}

export function keepJob(job: KeptJob | null): void {
  write(JOB_KEY, job && JSON.stringify(job));
}

export function keptJob(now = Date.now()): KeptJob | null {
  const job = readObject<KeptJob>(JOB_KEY);
  return job && now - job.at < LONGEST ? job : null;
}

/** Remembers which pictures were made in this tab, so that all of them can be deleted. */
export function addMade(id: string): void {
  write(MADE_KEY, JSON.stringify([...made(), id].slice(-100)));
}

export const made = (): string[] => readObject<string[]>(MADE_KEY) ?? [];

export const forgetMade = (): unknown => write(MADE_KEY, null);
