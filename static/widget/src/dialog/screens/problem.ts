// What went wrong, and the choice to try again.

import { button, el } from "../dom";
import { actionRow, backdrop, productCard } from "./parts";
import type { Draw } from "./view";

export const drawProblem: Draw<"problem"> = (model, actions) => ({
  heading: model.screen.title,
  visual: backdrop(model),
  side: [
    productCard(model),
    el("p", { role: "alert" }, el("bdi", {}, model.screen.message)),
    actionRow(button("primary", "again", () => actions.retry())),
  ],
});
