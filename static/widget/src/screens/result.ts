// The finished picture.

import { button, el } from "../dom";
import { strings } from "../strings";
import { meterSlot, productCard } from "./parts";
import type { Draw } from "./view";

export const drawResult: Draw<"result"> = (model, actions) => {
  const { imageUrl } = model.screen;
  const result = el("img", {
    src: imageUrl,
    alt: strings.resultAlt(model.product.title),
    part: "result",
  });
  const before = model.photo?.preview ?? null;
  if (before) before.hidden = true;
  const download = el(
    "a",
    { class: "primary", part: "button primary", href: imageUrl, download: "try-on.jpg" },
    strings.download,
  );
  return {
    heading: strings.result,
    visual: before ? [result, before] : [result],
    side: [
      productCard(model),
      el("p", { class: "soft" }, strings.honest),
      meterSlot(model),
      el(
        "div",
        { class: "actions" },
        before ? toggle(result, before) : null,
        download,
        button("secondary", strings.another, () => actions.backToPhoto()),
      ),
    ].filter((part) => part !== null),
  };
};

function toggle(after: HTMLElement, before: HTMLElement): HTMLButtonElement {
  const element = button("secondary", strings.before, () => {
    after.hidden = !after.hidden;
    before.hidden = !after.hidden;
    element.textContent = after.hidden ? strings.after : strings.before;
  });
  return element;
}
