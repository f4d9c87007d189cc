// The first screen: choose a photo.

import { button, el, ICONS, icon } from "../dom";
import type { SamplePhoto } from "../shared";
import { strings } from "../strings";
import { meterSlot, photo, productCard } from "./parts";
import type { Actions, Draw } from "./view";

export function drawPhoto(samples: SamplePhoto[]): Draw<"photo"> {
  return (model, actions) => {
    const { reading, notice, error } = model.screen;
    const ready = model.photo !== null && !reading;
    const start = button("primary", strings.start, () => actions.start());
    start.disabled = !ready;
    return {
      heading: strings.title,
      visual: [ready ? photo(model) : dropZone(reading, actions)],
      side: [
        productCard(model),
        meterSlot(model),
        notice ? el("p", { class: "notice" }, notice) : null,
        error ? el("p", { class: "error", role: "alert" }, error) : null,
        ready || reading ? null : el("p", { class: "soft" }, strings.photoTips),
        ready || !samples.length ? null : sampleRow(samples, actions),
        el(
          "div",
          { class: "actions" },
          start,
          ready ? button("secondary", strings.change, () => actions.choose()) : null,
        ),
      ].filter((part) => part !== null),
    };
  };
}

function dropZone(reading: boolean, actions: Actions): HTMLElement {
  if (reading) return el("p", { role: "status" }, strings.readingPhoto);
  const zone = el(
    "button",
    { type: "button", class: "drop", part: "drop" },
    icon(ICONS.photo),
    el("b", {}, strings.choose),
    el("span", { class: "soft" }, strings.chooseHint),
  );
  zone.addEventListener("click", () => actions.choose());
  return zone;
}

function sampleRow(samples: SamplePhoto[], actions: Actions): HTMLElement {
  const items = samples.map(({ src, alt }, index) => {
    const image = el("img", { src, alt: alt || strings.sample(index + 1) });
    const choice = el("button", { type: "button", part: "sample" }, image);
    choice.addEventListener("click", () => actions.takeSample(src));
    return el("li", {}, choice);
  });
  return el(
    "div",
    {},
    el("p", { class: "soft" }, strings.samples),
    el("ul", { class: "samples" }, ...items),
  );
}
