// What the page is told, and may answer by itself, before our own screen is shown.

import type { Problem, Status } from "../jobs/models";
import type { Events } from "../widget/public";

/** A status or a refusal: both may lead to a paywall or to the log-in. */
export type Said = Status | Problem;

/** Gives how to tell the page what the backend said, if it is for the page to know first. */
export function askFor(said: Said, loginUrl: string | null): (() => boolean) | null {
  if (needsLogin(said)) {
    return () => tell("login", { login_url: said.login_url ?? loginUrl });
  }
  const { paywall, reason = null } = said;
  // The shop's own empty pool is no quota, and nothing that a shopper could pay for.
  if (!paywall || paywall.kind === "unavailable") return null;
  const { used = null, limit = null } = "ctaType" in said ? (said.quota ?? {}) : said;
  return () => tell("quota", { reason, used, limit, paywall });
}

function needsLogin(said: Said): boolean {
  return "ctaType" in said ? said.ctaType === "login" : said.error === "login_required";
}

/** Tells the page; false when it wants to take over. */
export function tell<Name extends keyof Events>(name: Name, detail: Events[Name]): boolean {
  return dispatchEvent(new CustomEvent(`genvoris:${name}`, { detail, cancelable: true }));
}
