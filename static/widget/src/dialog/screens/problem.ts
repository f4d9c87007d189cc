// What went wrong, whether it cost anything, and the ways to go on.

import { t } from "../../locales/strings";
import { button, el } from "../dom";
import { linkOf } from "../links";
import { backdrop } from "./backdrop";
import { spendingButton } from "./cost";
import { earlierRow } from "./earlier";
import { actionRow, productCard } from "./parts";
import type { Draw } from "./view";

export const drawProblem: Draw<"problem"> = (model, actions, config) => {
  const { title, message, problem } = model.screen;
  // Otherwise nothing was sent: the problem was there before.
  const tried = problem?.charged !== undefined;
  const support = linkOf(config.supportUrl);
  const otherPhoto = () => {
    actions.backToPhoto();
    actions.choose();
  };
  return {
    heading: title,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { role: "alert" }, el("bdi", {}, message)),
      tried && el("p", { part: "charged" }, chargedText(problem?.charged)),
      earlierRow(model, actions),
      actionRow(
        tried && model.photo
          ? spendingButton("primary", "again", model, () => actions.retry())
          : button("primary", "again", () => actions.retry()),
        tried && button("secondary", "change", otherPhoto),
        button("secondary", "otherProduct", () => actions.close()),
        support &&
          el(
            "a",
            {
              class: "quiet",
              part: "button quiet",
              href: support,
              target: "_blank",
              rel: "noopener",
            },
            t("tellShop"),
          ),
      ),
    ],
  };
};

/** Return what a failed try-on has cost; it is free only if the backend says so. */
export const chargedText = (charged: boolean | null | undefined): string =>
  t(charged === false ? "nothingCharged" : "maybeCharged");
