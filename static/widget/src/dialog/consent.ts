// The shopper's consent to the shop's privacy policy; a new version needs a new one.

import { readText, writeText } from "../widget/storage";
import type { Config } from "./config";

const CONSENT_KEY = "genvoris:consent";

type Policy = Pick<Config, "privacyUrl" | "privacyVersion">;

export function isConsentNeeded({ privacyUrl, privacyVersion }: Policy): boolean {
  return (
    Boolean(privacyUrl) &&
    readText(CONSENT_KEY, "local") !== privacyVersion &&
    !agreed.has(privacyVersion)
  );
}

export function giveConsent({ privacyVersion }: Policy): void {
  agreed.add(privacyVersion);
  writeText(CONSENT_KEY, privacyVersion, "local");
}

export function withdrawConsent(): void {
  agreed.clear();
  writeText(CONSENT_KEY, null, "local");
}

// In browsers without storage, consent holds for this page.
const agreed = new Set<string>();
