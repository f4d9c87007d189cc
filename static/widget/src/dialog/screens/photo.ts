// The first screen: choose a photo.

import { type Key, t } from "../../locales/strings";
import type { Config } from "../config";
import { isConsentNeeded } from "../consent";
import { button, el, ICONS, icon } from "../dom";
import { linkOf } from "../links";
import { photoPromise } from "../promise";
import type { Model } from "../reducer";
import { actionRow, meter, photo, pictureRow, productCard } from "./parts";
import type { Draw, ScreenActions, View } from "./view";

const EXAMPLES = ["goodPhoto", "badGroup", "badDark", "badCut"] as const satisfies Key[];

/** Draw the screen; `earlier` draws the pictures that were generated before. */
export const drawPhoto = (
  model: Parameters<Draw<"photo">>[0],
  actions: ScreenActions,
  config: Config,
  earlier?: (model: Model, actions: ScreenActions) => HTMLElement | null,
): View => {
  const { reading, notice, error } = model.screen;
  const ready = model.photo !== null && !reading;
  const start = button("primary", "title", () => actions.start());
  start.disabled = !ready;
  const camera = !ready && hasCamera();
  const promise = photoPromise(config);
  const samples = config.samplePhotos.map(({ src, alt }, index) => ({
    src,
    alt: alt || t("sample", { count: index + 1 }),
    onClick: () => actions.takeSample(src),
  }));
  return {
    heading: t("title"),
    visual: [ready ? photo(model) : dropZone(reading, actions)],
    side: [
      productCard(model),
      meter(model),
      notice && el("div", { class: "notice", part: "notice" }, el("p", {}, notice)),
      error && el("p", { class: "error", role: "alert" }, error),
      !ready && !reading && examples(),
      !ready && pictureRow(t("samples"), samples),
      earlier?.(model, actions),
      promise && el("p", { class: "soft", part: "promise" }, el("bdi", {}, promise)),
      ready && isConsentNeeded(config) && consentBox(linkOf(config.privacyUrl)),
      actionRow(
        camera ? button("primary", "camera", () => actions.choose(true)) : start,
        !ready && hasPhone(config) && phoneButton(actions),
        ready && button("secondary", "change", () => actions.choose()),
        ready && button("quiet", "delete", () => actions.deletePhoto()),
      ),
    ],
  };
};

/** Whether to offer the camera: desktops would only open the file chooser again. */
function hasCamera(): boolean {
  return matchMedia("(pointer:coarse)").matches;
}

/** Whether to offer the shopper's phone: this device has no camera that a page could open. */
function hasPhone({ phoneHandover }: Config): boolean {
  return phoneHandover && matchMedia("(pointer:fine) and (min-width:641px)").matches;
}

function phoneButton(actions: ScreenActions): HTMLElement {
  const use = button("secondary", "phone", () => {
    use.hidden = true; // the panel has the way back
    actions.usePhone();
  });
  return use;
}

function dropZone(reading: boolean, actions: ScreenActions): HTMLElement {
  if (reading) return el("p", { role: "status" }, t("reading"));
  return el(
    "button",
    { type: "button", class: "drop", part: "drop", onClick: () => actions.choose() },
    icon(ICONS.photo),
    el("b", {}, t("choose")),
    !hasCamera() && el("span", { class: "soft" }, t("chooseHint")),
  );
}

function examples(): HTMLElement {
  const items = EXAMPLES.map((key, index) =>
    index
      ? el(
          "li",
          { class: "bad" },
          icon(ICONS[key]),
          el("span", { "aria-hidden": "true" }, t(key)),
          el("span", { class: "unseen" }, t("notLikeThis", { fault: t(key) })),
        )
      : el("li", { class: "good" }, icon(ICONS[key]), el("span", {}, t(key))),
  );
  return el("ul", { class: "examples", part: "examples" }, ...items);
}

function consentBox(url: string | null): HTMLElement {
  return el(
    "div",
    { class: "consent", part: "consent" },
    el("label", { class: "keep" }, el("input", { type: "checkbox" }), t("consent")),
    el("p", { class: "error", role: "alert" }),
    url && el("a", { href: url, target: "_blank", rel: "noopener" }, t("policy")),
  );
}
