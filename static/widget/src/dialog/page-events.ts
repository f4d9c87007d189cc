// Events for the page's own scripts, which may answer some of them instead of the dialog.

import type { Problem, Status } from "../jobs/models";
import type { Events } from "../widget/public";

/** Dispatch an event on `window`; return false if the page has cancelled it. */
export function emit<Name extends keyof Events>(name: Name, detail: Events[Name]): boolean {
  return dispatchEvent(new CustomEvent(`genvoris:${name}`, { detail, cancelable: true }));
}

/**
 * Return how to offer the page a log-in or paywall of its own; null if there is nothing to offer.
 *
 * Both the backend's status and a refused try-on may ask for one.
 */
export function takeoverOf(
  answer: Status | Problem,
  loginUrl: string | null,
): (() => boolean) | null {
  if (needsLogin(answer)) {
    return () => emit("login", { login_url: answer.login_url ?? loginUrl });
  }
  const { paywall, reason = null } = answer;
  // The shop's own account being empty is no quota, and nothing that a shopper could pay for.
  if (!paywall || paywall.kind === "unavailable") return null;
  const { used = null, limit = null } = "ctaType" in answer ? (answer.quota ?? {}) : answer;
  return () => emit("quota", { reason, used, limit, paywall });
}

function needsLogin(answer: Status | Problem): boolean {
  return "ctaType" in answer ? answer.ctaType === "login" : answer.error === "login_required";
}
