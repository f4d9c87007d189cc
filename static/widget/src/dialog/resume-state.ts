// Remembers in this tab what the shopper was doing before leaving for the plans or the log-in page.

import type { Product } from "../widget/public";
import { RESUME_KEY, readJson, writeText } from "../widget/storage";

const MAX_AGE = 30 * 60 * 1000;

export interface ResumeState {
  at: number;
  path: string;
  product: Product;
  /** A data URL, since the storage holds nothing but text. */
  photo: string | null;
}

/** Return what was saved for this page, and remove it. */
export function takeResumeState(now = Date.now(), path = location.pathname): ResumeState | null {
  const state = readJson<ResumeState>(RESUME_KEY);
  if (!state) return null;
  const expired = now - state.at > MAX_AGE;
  if (expired || state.path === path) clearResumeState();
  return expired || state.path !== path ? null : state;
}

export const clearResumeState = (): unknown => writeText(RESUME_KEY, null);
