// The first screen: choose a photo.

import { type Key, t } from "../../locales/strings";
import type { Config } from "../config";
import { hasCamera, hasPhone } from "../devices";
import { button, el, ICONS, icon } from "../dom";
import { photoPromise } from "../promise";
import type { Tools } from "../tools";
import { actionRow, meter, pictureRow, productCard } from "./parts";
import type { Draw, ScreenActions, View } from "./view";

const EXAMPLES = ["goodPhoto", "badGroup", "badDark", "badCut"] as const satisfies Key[];

/** What is wrong with a photo is said of the button that chooses another one. */
const FIELD = { type: "button", "aria-describedby": "photo-error" };

/** Draw the screen; the tools add what follows a photo, and earlier pictures. */
export const drawPhoto = (
  model: Parameters<Draw<"photo">>[0],
  actions: ScreenActions,
  config: Config,
  tools?: Tools,
): View => {
  const { reading, notice, error } = model.screen;
  // No photo without the tools: they have prepared it.
  const ready = reading || !model.photo ? null : tools?.drawReady(model, actions, config);
  const promise = photoPromise(config);
  const samples = config.samplePhotos.map(({ src, alt }, index) => ({
    src,
    alt: alt || t("sample", { count: index + 1 }),
    onClick: () => actions.takeSample(src),
  }));
  return {
    heading: t("title"),
    visual: [
      ready ? ready.photo : dropZone(reading, actions),
      error && el("p", { class: "error", id: "photo-error", role: "alert" }, error),
    ],
    side: [
      productCard(model),
      meter(model, tools),
      notice && el("div", { class: "notice", part: "notice" }, el("p", {}, notice)),
      promise && el("p", { class: "soft", part: "promise" }, el("bdi", {}, promise)),
      !ready && !reading && examples(),
      !ready && pictureRow(t("samples"), samples),
      tools?.earlierRow(model, actions),
      ready?.consent,
      ready ? ready.buttons : buttonsWithoutPhoto(actions, config),
    ],
  };
};

function buttonsWithoutPhoto(actions: ScreenActions, config: Config): HTMLElement {
  const camera = hasCamera();
  const first = camera
    ? button("primary", "camera", () => actions.useCamera())
    : button("primary", "title", () => {});
  first.disabled = !camera;
  return actionRow(first, hasPhone(config) && phoneButton(actions));
}

function phoneButton(actions: ScreenActions): HTMLElement {
  const use = button("secondary", "phone", () => {
    use.hidden = true; // the panel has the way back
    actions.usePhone();
  });
  return use;
}

function dropZone(reading: boolean, actions: ScreenActions): HTMLElement {
  if (reading) return el("p", {}, t("reading"));
  return el(
    "button",
    { ...FIELD, class: "drop", part: "drop", onClick: () => actions.choose() },
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
