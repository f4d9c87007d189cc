// While the picture is made: what is going on, and for how long already. No invented percentage.

import { STAGES, type Stage } from "../../jobs/models";
import { t } from "../../locales/strings";
import { button, el } from "../dom";
import { actionRow, backdrop, productCard } from "./parts";
import type { Draw } from "./view";

export const drawWorking: Draw<"working"> = (model, actions) => {
  const stages = STAGES.map((stage) => el("li", { part: "stage" }, t(stage)));
  return {
    heading: t("working"),
    visual: [...backdrop(model), el("div", { class: "sheen" })],
    side: [
      productCard(model),
      el("ol", { class: "stages", part: "stages" }, ...stages),
      el("p", { class: "soft" }, el("span", { class: "elapsed", part: "elapsed" })),
      el("p", { class: "soft" }, t("patience")),
      actionRow(
        button("primary", "minimise", () => actions.minimise()),
        button("secondary", "cancel", () => actions.stop()),
      ),
    ],
  };
};

/** Marks where a job stands on a screen that is there already. */
export function markStage(root: ParentNode, stage: Stage): void {
  const reached = STAGES.indexOf(stage);
  root.querySelectorAll(".stages li").forEach((item, index) => {
    item.className = index < reached ? "past" : "";
    if (index === reached) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}
