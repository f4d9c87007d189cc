// Keeps the shopper's consent, or withdraws it: at the backend if that has asked for it (docs/http.md),
// else in this browser.

import { ProblemError } from "../jobs/backend";
import type { Consent, ConsentForm } from "../jobs/models";
import { language, t } from "../locales/strings";
import { readText, writeText } from "../widget/storage";
import type { Config } from "./config";
import { CONSENT_KEY } from "./consent-key";

/** Stands in the browser for a consent that the backend has on record. */
const ON_RECORD = "on record";

export async function giveConsent(
  { apiUrl, privacyVersion }: Config,
  consent?: Consent | null,
): Promise<void> {
  if (consent?.form) await send(apiUrl, consent.form);
  writeText(CONSENT_KEY, consent ? ON_RECORD : privacyVersion, "local");
}

/** Withdraw a consent. Without a connection, the next one replaces it. */
export async function withdrawConsent({ apiUrl }: Config): Promise<void> {
  const onRecord = readText(CONSENT_KEY, "local") === ON_RECORD;
  writeText(CONSENT_KEY, null, "local");
  if (onRecord) await send(apiUrl).catch(() => {});
}

async function send(apiUrl: string, form?: ConsentForm): Promise<void> {
  const ticked = { text: true, depicted: true, age: true };
  const body = form && { hash: form.hash, language: form.language, ...ticked };
  const response = await fetch(`${apiUrl}/consent`, {
    method: form ? "POST" : "DELETE",
    credentials: "same-origin",
    headers: { "Accept-Language": language() },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.ok) return;
  const { error = "failed", detail = t("failed") } = await response.json().catch(() => ({}));
  throw new ProblemError({ status: response.status, error, detail });
}
