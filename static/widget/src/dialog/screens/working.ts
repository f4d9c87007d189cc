// While the picture is generated: the stage, and the time so far. No invented percentage.

import { JOB_STAGES, type JobStage } from "../../jobs/models";
import { t } from "../../locales/strings";
import { button, el } from "../dom";
import type { DialogElement } from "../element";
import { actionRow, backdrop, productCard } from "./parts";
import type { Draw } from "./view";

export const drawWorking: Draw<"working"> = (model, actions) => {
  const stages = JOB_STAGES.map((stage) => el("li", { part: "stage" }, t(stage)));
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

/** Show the stage on a screen that is already drawn. */
export function showStage({ dialog }: DialogElement, stage: JobStage): void {
  const reached = JOB_STAGES.indexOf(stage);
  dialog.querySelectorAll(".stages li").forEach((item, index) => {
    item.className = index < reached ? "past" : "";
    if (index === reached) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

/** Show how long the try-on has been running. */
export function showElapsed(element: DialogElement, since: number): void {
  const line = element.part("elapsed");
  const count = Math.floor((Date.now() - since) / 1000);
  if (line) line.textContent = t("elapsed", { count });
}
