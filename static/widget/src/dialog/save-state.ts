// Remembers what the shopper was doing, before they leave for another page of the shop.

import type { Product } from "../widget/public";
import { RESUME_KEY, writeText } from "../widget/storage";
import type { ResumeState } from "./resume-state";

/** Save product and photo for this page; without room for both, the product alone. */
export function saveResumeState(product: Product, photo: string | null): void {
  const state: ResumeState = { at: Date.now(), path: location.pathname, product, photo: null };
  const whole = photo && JSON.stringify({ ...state, photo });
  if (!whole || !writeText(RESUME_KEY, whole)) writeText(RESUME_KEY, JSON.stringify(state));
}
