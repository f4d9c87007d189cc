// Reports each picture and each paywall that a shopper has seen, once.

import type { Tracker } from "./analytics";
import type { Model } from "./reducer";

/** The ids of pictures, and the paywalls' screens. */
const seen = new Set<unknown>();

export function trackView({ screen, open, product }: Model, tracker: Tracker): void {
  if (!open) return;
  if (screen.name === "result" && isNew(screen.result.id)) {
    tracker.track("TRYON_VIEWED", screen.result.product);
  } else if (screen.name === "paywall" && isNew(screen)) {
    tracker.track("PAYWALL_SHOWN", product);
  }
}

function isNew(view: unknown): boolean {
  return !seen.has(view) && Boolean(seen.add(view));
}
