// What is seen beside the texts of most screens: the shopper's photo, or the product.

import { t } from "../../locales/strings";
import { el } from "../dom";
import type { Model } from "../reducer";

/** The shopper's photo, or a sentence if the browser cannot show it. */
export function photo(model: Model): Node {
  const preview = model.photo?.preview;
  if (!preview) return el("p", { class: "soft" }, t(model.photo ? "noPreview" : "working"));
  preview.setAttribute("part", "photo");
  preview.setAttribute("role", "img");
  preview.setAttribute("aria-label", t("yourPhoto"));
  return preview;
}

/** The photo if there is one, else the product. */
export function backdrop(model: Model): Node[] {
  if (model.photo?.preview) return [photo(model)];
  const { image } = model.product;
  return image ? [el("img", { class: "product", src: image, alt: "" })] : [];
}
