// What the first screen shows once the photo is ready: the photo, the consent, and its buttons.

import { t } from "../../locales/strings";
import type { Config } from "../config";
import { isConsentNeeded } from "../consent";
import { button, el } from "../dom";
import { linkOf } from "../links";
import type { Model } from "../reducer";
import { actionRow, photo } from "./parts";
import type { ReadyParts, ScreenActions } from "./view";

export const drawReady = (model: Model, actions: ScreenActions, config: Config): ReadyParts => ({
  photo: photo(model),
  consent: isConsentNeeded(config) && consentBox(linkOf(config.privacyUrl)),
  buttons: actionRow(
    button("primary", "title", () => actions.start()),
    button("secondary", "change", () => actions.choose()),
    button("quiet", "delete", () => actions.deletePhoto()),
  ),
});

function consentBox(url: string | null): HTMLElement {
  return el(
    "div",
    { class: "consent", part: "consent" },
    el("label", { class: "keep" }, el("input", { type: "checkbox" }), t("consent")),
    el("p", { class: "error", role: "alert" }),
    url && el("a", { href: url, target: "_blank", rel: "noopener" }, t("policy")),
  );
}
