// Whether this shopper has agreed to what the shop does with photos; asked again when that changes.

import { read, write } from "../widget/storage";
import type { Config } from "./config";

const CONSENT_KEY = "genvoris:consent";

type Policy = Pick<Config, "privacyUrl" | "privacyVersion">;

export function isConsentNeeded({ privacyUrl, privacyVersion }: Policy): boolean {
  return (
    Boolean(privacyUrl) &&
    read(CONSENT_KEY, "local") !== privacyVersion &&
    !agreed.has(privacyVersion)
  );
}

export function giveConsent({ privacyVersion }: Policy): void {
  agreed.add(privacyVersion);
  write(CONSENT_KEY, privacyVersion, "local");
}

export function withdrawConsent(): void {
  agreed.clear();
  write(CONSENT_KEY, null, "local");
}

// For browsers that store nothing: then it holds for this page.
const agreed = new Set<string>();
