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
  // Neither another photo nor another attempt helps a product that cannot be used.
  const byProduct = problem?.about === "product";
  const look = byProduct ? "secondary" : "primary";
  const otherProduct = button(byProduct ? "primary" : "secondary", "otherProduct", () =>
    actions.close(),
  );
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
        byProduct && otherProduct,
        tried && model.photo
          ? spendingButton(look, "again", model, () => actions.retry())
          : button(look, "again", () => actions.retry()),
        tried && !byProduct && button("secondary", "change", otherPhoto),
        !byProduct && otherProduct,
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
