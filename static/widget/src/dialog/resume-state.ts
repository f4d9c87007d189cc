// Keeps in this tab what the shopper was doing while they are at the plans or the log-in page.

import type { Product } from "../widget/public";
import { KEPT_KEY, readObject, write } from "../widget/storage";

const LONGEST = 30 * 60 * 1000;

export interface Kept {
  at: number;
  path: string;
  product: Product;
  photo: string | null;
}

/**
 * Keeps product and photo for this page; a full or forbidden storage keeps at least the product.
 *
 * The photo is a data URL, since the storage holds texts alone.
 */
export function keep(product: Product, photo: string | null): void {
  const kept: Kept = { at: Date.now(), path: location.pathname, product, photo: null };
  const whole = photo && JSON.stringify({ ...kept, photo });
  if (!whole || !write(KEPT_KEY, whole)) write(KEPT_KEY, JSON.stringify(kept));
}

/** Gives what was kept for this page, and removes it. */
export function takeKept(now = Date.now(), path = location.pathname): Kept | null {
  const kept = readObject<Kept>(KEPT_KEY);
  if (!kept) return null;
  const old = now - kept.at > LONGEST;
  if (old || kept.path === path) forgetKept();
  return old || kept.path !== path ? null : kept;
}

export const forgetKept = (): unknown => write(KEPT_KEY, null);
