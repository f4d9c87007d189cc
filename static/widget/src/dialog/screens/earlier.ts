// The pictures generated so far.

import type { Result } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { t } from "../../locales/strings";
import type { Model } from "../reducer";
import { pictureRow } from "./parts";
import type { ScreenActions } from "./view";

/** The pictures generated on this page, except the one on screen. */
export function earlierRow(
  model: Model,
  actions: ScreenActions,
  shown?: Result,
): HTMLElement | null {
  const earlier = model.results.filter((each) => each !== shown);
  const items = earlier.map((each) => ({
    src: each.imageUrl,
    alt: t("resultAlt", { title: productName(each.product) }),
    onClick: () => actions.showResult(each),
  }));
  return pictureRow(t("earlier"), items);
}
