// What the first screen shows once the photo is ready: the photo, the consent, and its buttons.

import { isMade } from "../../jobs/same-picture";
import type { Config } from "../config";
import { consentBox, neededConsent } from "../consent";
import { hasCamera } from "../devices";
import { button, el } from "../dom";
import type { Model } from "../reducer";
import { photo } from "./backdrop";
import { spendingButton } from "./cost";
import { actionRow } from "./parts";
import type { ReadyParts, ScreenActions } from "./view";

export const drawReady = (model: Model, actions: ScreenActions, config: Config): ReadyParts => ({
  photo: photo(model),
  consent: neededConsent(model, config) && consentBox(model, config),
  buttons: actionRow(
    isMade(model.results, model.photo, model.product)
      ? button("primary", "title", () => actions.start())
      : spendingButton("primary", "title", model, () => actions.start()),
    hasCamera()
      ? el(
          "div",
          { class: "pair" },
          button("secondary", "camera", () => actions.useCamera()),
          changeButton(actions),
        )
      : changeButton(actions),
    button("quiet", "delete", () => actions.deletePhoto()),
  ),
});

function changeButton(actions: ScreenActions): HTMLElement {
  const change = button("secondary", "change", () => actions.choose());
  change.setAttribute("aria-describedby", "photo-error");
  return change;
}
