// While the picture is generated: the stage, and the time so far. No invented percentage.

import { JOB_STAGES } from "../../jobs/models";
import { t } from "../../locales/strings";
import { button, el } from "../dom";
import type { DialogElement } from "../element";
import type { Model, Screen } from "../reducer";
import { backdrop } from "./backdrop";
import { actionRow, productCard } from "./parts";
import type { Draw } from "./view";

export type Working = Extract<Screen, { name: "working" }>;

export const drawWorking: Draw<"working"> = (model, actions) => {
  const stages = JOB_STAGES.map((stage) => el("li", { part: "stage" }, t(stage)));
  const exits = actionRow(
    button("primary", "minimise", () => actions.minimise()),
    cancelButton(() => actions.stop()),
  );
  exits.classList.add("both");
  return {
    heading: t("working"),
    visual: [...backdrop(model), el("div", { class: "sheen" })],
    side: [
      productCard(model),
      el("ol", { class: "stages", part: "stages" }, ...stages),
      el("p", { class: "soft" }, el("span", { class: "elapsed", part: "elapsed" })),
      el("p", { class: "soft" }, t("patience")),
      exits,
    ],
  };
};

function cancelButton(onClick: () => void): HTMLButtonElement {
  const cancel = button("secondary", "cancel", onClick);
  cancel.part.add("cancel");
  cancel.append(" ", el("small", { class: "cost", part: "cancel-cost" }));
  return cancel;
}

/** Show the stage on a screen that is already drawn, and what it would cost to cancel now. */
export function showStage(element: DialogElement, model: Model & { screen: Working }): void {
  const { stage, since } = model.screen;
  const reached = JOB_STAGES.indexOf(stage);
  element.dialog.querySelectorAll(".stages li").forEach((item, index) => {
    item.className = index < reached ? "past" : "";
    if (index === reached) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  const hint = element.part("cancel-cost");
  if (hint) hint.textContent = cancelHint(model);
  element.announce(t(stage));
  showElapsed(element, since);
}

export function cancelHint({ screen: { charged }, limit }: Model & { screen: Working }): string {
  // Where nothing is counted, nothing is charged either.
  if (charged === undefined || !limit) return "";
  return t(charged === false ? "cancelFree" : "cancelUsed");
}

/** Ask whether to cancel a try-on that is used all the same; return false if it was asked. */
export function isCancelSure(element: DialogElement, { screen, limit }: Model): boolean {
  const cancel = element.part("cancel");
  const used = screen.name === "working" && limit && screen.charged === null;
  if (!used || !cancel || cancel.matches(".sure")) return true;
  cancel.classList.add("sure");
  cancel.firstChild?.replaceWith(t("cancelAnyway"));
  element.announce(`${t("cancelUsed")}. ${t("cancelAnyway")}`);
  return false;
}

/** Show how long the try-on has been running. */
export function showElapsed(element: DialogElement, since: number): void {
  const line = element.part("elapsed");
  // The clock may have been set back.
  const count = Math.max(0, Math.floor((Date.now() - since) / 1000));
  if (line) line.textContent = t("elapsed", { count });
}
