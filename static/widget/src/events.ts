// What the page is told, and may answer by itself, before our own screen is shown.

import type { Paywall, Problem, Status } from "./types";

/** A status or a refusal: both may lead to a paywall or to the log-in. */
export type Said = Status | Problem;

/** Gives the cancellable event for what the backend said, if it is of that kind. */
export function eventFor(said: Said, loginUrl: string | null): CustomEvent | null {
  if (needsLogin(said)) {
    return cancellable("genvoris:login", { login_url: said.login_url ?? loginUrl });
  }
  const { paywall } = said;
  // The shop's own empty pool is no quota, and nothing that a shopper could pay for.
  if (!paywall || paywall.kind === "unavailable") return null;
  return cancellable("genvoris:quota", { ...quotaOf(said), paywall });
}

function needsLogin(said: Said): boolean {
  return "ctaType" in said ? said.ctaType === "login" : said.error === "login_required";
}

function quotaOf(said: Said): { reason: string | null; used: number | null; limit: number | null } {
  const { reason = null } = said;
  if ("ctaType" in said) {
    return { reason, used: said.quota?.used ?? null, limit: said.quota?.limit ?? null };
  }
  return { reason, used: said.used ?? null, limit: said.limit ?? null };
}

function cancellable(
  name: string,
  detail: { login_url: string | null } | { paywall: Paywall },
): CustomEvent {
  return new CustomEvent(name, { detail, cancelable: true });
}
