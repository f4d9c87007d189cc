// The shopper's consent: on the backend's record, or else to the shop's privacy policy, kept in this
// browser. A new text, or a new version of the policy, needs a new one.

import { ProblemError } from "../jobs/backend";
import type { ConsentForm } from "../jobs/models";
import { language, t } from "../locales/strings";
import { readText, writeText } from "../widget/storage";
import type { Config } from "./config";
import { el } from "./dom";
import { linkOf } from "./links";
import type { Model } from "./reducer";

const CONSENT_KEY = "genvoris:consent";
/** Stands in the browser for a consent that the backend has on record. */
const ON_RECORD = "record";

type Policy = Pick<Config, "apiUrl" | "privacyUrl" | "privacyVersion">;
type Asked = Pick<Model, "consent">;

export function isConsentNeeded({ consent }: Asked, policy: Policy): boolean {
  if (consent) return Boolean(consent.form && !agreed.has(consent.form.hash));
  const { privacyUrl, privacyVersion } = policy;
  return (
    Boolean(privacyUrl) &&
    readText(CONSENT_KEY, "local") !== privacyVersion &&
    !agreed.has(privacyVersion)
  );
}

/** Draw a checkbox for each statement; none is ticked. */
export function consentBox({ consent }: Asked, config: Policy): HTMLElement {
  const form = consent?.form;
  const statements = form ? [form.text, form.depicted, form.age] : [t("consent")];
  const url = linkOf(form?.privacy_url ?? config.privacyUrl);
  const error = el("p", { class: "error", id: "consent-error", role: "alert" });
  const boxes = statements.map((text) => {
    if (!text) return null;
    const box = el("input", { type: "checkbox", "aria-describedby": "consent-error" });
    box.addEventListener("change", () => {
      box.removeAttribute("aria-invalid");
      error.textContent = "";
    });
    return el("label", { class: "keep" }, box, text);
  });
  const drawn = el(
    "div",
    { class: "consent", part: "consent" },
    ...boxes,
    error,
    url && el("a", { href: url, target: "_blank", rel: "noopener" }, t("policy")),
  );
  drawn.dataset.of = form?.hash ?? "";
  return drawn;
}

/** Return whether every statement is ticked; else point at the first that is not. */
export function isTicked(question: Element | null): boolean {
  const box = question?.querySelector<HTMLElement>("input:not(:checked)");
  if (question && !box) return true;
  const error = question?.querySelector(".error");
  if (error) error.textContent = t("consentFirst");
  box?.setAttribute("aria-invalid", "true");
  box?.focus();
  return false;
}

/** Keep a consent: at the backend if that has asked for it, else in this browser. */
export async function giveConsent({ consent }: Asked, policy: Policy): Promise<void> {
  const form = consent?.form;
  if (form) await send(policy, "POST", form);
  const version = form ? form.hash : policy.privacyVersion;
  agreed.add(version);
  writeText(CONSENT_KEY, form ? ON_RECORD : version, "local");
}

export async function withdrawConsent(policy: Policy): Promise<void> {
  const onRecord = readText(CONSENT_KEY, "local") === ON_RECORD;
  agreed.clear();
  writeText(CONSENT_KEY, null, "local");
  if (onRecord) await send(policy, "DELETE");
}

async function send({ apiUrl }: Policy, method: string, form?: ConsentForm): Promise<void> {
  const body = form && {
    hash: form.hash,
    language: form.language,
    text: true,
    depicted: true,
    age: form.age ? true : undefined,
  };
  const response = await fetch(`${apiUrl}/consent`, {
    method,
    credentials: "same-origin",
    headers: { "Accept-Language": language() },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.ok) return;
  const { error = "failed", detail = t("failed") } = await response.json().catch(() => ({}));
  throw new ProblemError({ status: response.status, error, detail });
}

// In browsers without storage, consent holds for this page.
const agreed = new Set<string>();
