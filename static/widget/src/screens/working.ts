// While the picture is made: what is going on, and for how long already. No invented percentage.

import { button, el } from "../dom";
import { strings } from "../strings";
import { photo, productCard } from "./parts";
import type { Draw } from "./view";

export const drawWorking: Draw<"working"> = (model, actions) => ({
  heading: strings.working,
  visual: [photo(model), el("div", { class: "sheen" })],
  side: [
    productCard(model),
    el("p", { class: "stage-name", part: "stage" }, strings[model.screen.stage]),
    el("p", { class: "soft elapsed", part: "elapsed" }),
    el("p", { class: "soft" }, strings.patience),
    el(
      "div",
      { class: "actions" },
      button("secondary", strings.cancel, () => actions.stop()),
    ),
  ].filter((part) => part !== null),
});
