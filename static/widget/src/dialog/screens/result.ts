// The finished picture, and what the shopper can do with it.

import type { Result } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { isMade } from "../../jobs/same-picture";
import { t } from "../../locales/strings";
import { button, el } from "../dom";
import { drawPictures, otherResult } from "../picture/pictures";
import { balanceTexts, cost, spendingButton } from "./cost";
import { actionRow, meter, pictureRow, productCard } from "./parts";
import { reactionRow } from "./reaction";
import type { Draw, ScreenActions } from "./view";

export const drawResult: Draw<"result"> = (model, actions, config) => {
  const { result } = model.screen;
  const share = button("secondary", "share", () => actions.share(result));
  share.part.add("share");
  const cart = config.addToCart !== undefined;
  const pair = [downloadLink(result, cart ? "secondary" : "primary", actions), share];
  return {
    heading: t("result"),
    visual: [drawPictures(model, actions)],
    side: [
      productCard(model),
      el("p", { class: "soft" }, t("honest")),
      reactionRow(result, actions),
      meter(model, { balanceTexts }),
      variantRow(model, actions),
      otherPictures(model, actions),
      actionRow(
        el("div", { class: "trouble", part: "trouble", role: "alert" }),
        cart && button("primary", "cart", () => actions.addToCart(result)),
        ...(cart ? [el("div", { class: "pair" }, ...pair)] : pair),
        button("secondary", "another", () => actions.backToPhoto()),
        result.photo && spendingButton("quiet", "remake", model, () => actions.remake(result)),
        button("quiet", "delete", () => actions.deletePhoto()),
      ),
    ],
  };
};

function downloadLink(
  result: Result,
  look: "primary" | "secondary",
  actions: ScreenActions,
): HTMLElement {
  const part = `button ${look}`;
  const file = { class: look, part, href: result.imageUrl, download: "try-on.jpg" };
  const onClick = (event: MouseEvent) => {
    event.preventDefault(); // browsers do not say if they cannot get it
    actions.download(result);
  };
  return el("a", { ...file, onClick }, t("download"));
}

/** The other pictures; beside another one, they take that one's place. */
function otherPictures(
  model: Parameters<typeof drawResult>[0],
  actions: ScreenActions,
): HTMLElement | null {
  const { result } = model.screen;
  const beside = otherResult(model);
  const others = model.results.filter((each) => each !== result && each !== beside);
  const items = others.map((each) => ({
    src: each.imageUrl,
    alt: t("resultAlt", { title: productName(each.product) }),
    onClick: () => (beside ? actions.showBeside(result, each) : actions.showResult(each)),
  }));
  return pictureRow(t("earlier"), items);
}

function variantRow(
  model: Parameters<typeof drawResult>[0],
  actions: ScreenActions,
): HTMLElement | false {
  const { product, photo } = model.screen.result;
  const chips = product.variants.map(({ label, id, image }) => {
    const variant = {
      ...product,
      id: id || product.id,
      image: image || product.image,
      images: image ? [image] : product.images,
      variant: label,
    };
    const chip = { type: "button", class: "chip", part: "variant" };
    const pressed = label === product.variant && "true";
    const onClick = () => actions.tryVariant(variant);
    const spends = !isMade(model.results, photo, variant) && cost(model, "unseen");
    return el("button", { ...chip, "aria-pressed": pressed, onClick }, label, " ", spends);
  });
  if (!chips.length) return false;
  const row = el("div", { class: "row" }, ...chips);
  const title = el("p", { class: "soft" }, t("variants"), " ", cost(model));
  return el("div", {}, title, row);
}
