// The shopper's consent: on the backend's record, or else to the shop's privacy policy, kept in this
// browser. A new text, or a new version of the policy, needs a new one.

import { t } from "../locales/strings";
import { readText } from "../widget/storage";
import type { Config } from "./config";
import { CONSENT_KEY } from "./consent-key";
import { el } from "./dom";
import { linkOf } from "./links";
import type { Outcome } from "./outcome";
import type { Model } from "./reducer";

type Policy = Pick<Config, "privacyUrl" | "privacyVersion">;
type Asked = Pick<Model, "consent">;

/** Return what the shopper has yet to agree to: a form's hash or a policy's version. */
export function neededConsent({ consent }: Asked, policy: Policy): string | undefined {
  const { privacyUrl, privacyVersion } = policy;
  const version = consent ? consent.form?.hash : privacyUrl && privacyVersion;
  if (!version || agreed.has(version)) return undefined;
  return consent || readText(CONSENT_KEY, "local") !== version ? version : undefined;
}

/** Draw a checkbox for each statement; none is ticked. */
export function consentBox(model: Asked, config: Policy): HTMLElement {
  const form = model.consent?.form;
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
  drawn.dataset.of = neededConsent(model, config);
  return drawn;
}

/** Return whether every statement is ticked; else point at the first that is not. */
export function isTicked(question: Element | null): boolean {
  const box = question?.querySelector<HTMLElement>("input:not(:checked)");
  if (!box) return true;
  const error = question?.querySelector(".error");
  if (error) error.textContent = t("consentFirst");
  box.setAttribute("aria-invalid", "true");
  box.focus();
  return false;
}

/** What of the dialog's context a consent is recorded with. */
export interface ConsentContext {
  readonly config: Config;
  readonly store: { readonly model: Model };
  readonly features: { readonly outcome: Pick<Outcome, "giveConsent"> | undefined } | undefined;
}

/** Record that the shopper agrees to what was ticked, if anything was asked. */
export async function recordConsent({ store, config, features }: ConsentContext): Promise<void> {
  const { model } = store;
  const version = neededConsent(model, config);
  if (!version) return;
  await features?.outcome?.giveConsent(config, model.consent);
  agreed.add(version);
}

/** What was agreed to on this page, in browsers without storage as well. */
export const agreed = new Set<string>();
