// A finished picture that cannot be shown: why, and how to go on.

import { t } from "../../locales/strings";
import { button, el } from "../dom";
import { explain } from "../picture/absence";
import { backdrop } from "./backdrop";
import { balanceTexts, costText, spendingButton } from "./cost";
import { actionRow, meter, productCard } from "./parts";
import type { Draw } from "./view";

export const drawMissing: Draw<"missing"> = (model, actions) => {
  const { result, why } = model.screen;
  const gone = why === "gone";
  return {
    heading: t(gone ? "goneTitle" : "ready"),
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { role: "alert" }, explain(why)),
      gone && result.photo && !costText(model) && el("p", {}, t("remakeCost")),
      meter(model, { balanceTexts }),
      actionRow(
        gone
          ? result.photo && spendingButton("primary", "remake", model, () => actions.remake(result))
          : button("primary", "again", () => actions.showResult(result)),
        button("secondary", "another", () => actions.backToPhoto()),
      ),
    ],
  };
};
