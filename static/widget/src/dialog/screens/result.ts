// The finished picture, and what the shopper can do with it.

import type { Result } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { t } from "../../locales/strings";
import { button, el, iconButton } from "../dom";
import { earlierRow } from "./earlier";
import { actionRow, meter, productCard } from "./parts";
import type { Draw, ScreenActions } from "./view";

export const drawResult: Draw<"result"> = (model, actions, config) => {
  const { result } = model.screen;
  const cart = config.addToCart !== undefined;
  const look = cart ? "secondary" : "primary";
  const part = `button ${look}`;
  const file = { class: look, part, href: result.imageUrl, download: "try-on.jpg" };
  const share = button("secondary", "share", () => actions.share(result));
  share.part.add("share");
  return {
    heading: t("result"),
    visual: pictureOf(result),
    side: [
      productCard(model),
      el("p", { class: "soft" }, t("honest")),
      meter(model),
      variantRow(result, actions),
      earlierRow(model, actions, result),
      actionRow(
        cart && button("primary", "cart", () => actions.addToCart(result)),
        el("div", { class: "pair" }, el("a", file, t("download")), share),
        button("secondary", "another", () => actions.backToPhoto()),
        button("quiet", "delete", () => actions.deletePhoto()),
      ),
    ],
  };
};

/** The picture, with the photo on top of it up to the slider's position. */
function pictureOf(result: Result): HTMLElement[] {
  const alt = t("resultAlt", { title: productName(result.product) });
  const picture = el("div", { class: "picture" });
  picture.append(el("img", { src: result.imageUrl, alt, part: "result" }));
  const before = result.photo?.preview;
  if (before?.width) picture.append(...sliderOver(picture, before));
  const frame = el("div", { class: "zoomable", part: "zoom-area" }, picture);
  const zoom = iconButton("zoom", "zoomIn", () => {
    const large = frame.classList.toggle("large");
    zoom.title = t(large ? "zoomOut" : "zoomIn");
    zoom.setAttribute("aria-label", zoom.title);
    // The enlarged picture can be scrolled with the arrow keys.
    frame.tabIndex = large ? 0 : -1;
    frame.scrollTo(frame.scrollWidth / 4, frame.scrollHeight / 8);
  });
  return [frame, el("div", { class: "tools" }, zoom)];
}

function sliderOver(picture: HTMLElement, photo: HTMLCanvasElement): HTMLElement[] {
  const label = t("compare");
  const slider = el("input", { type: "range", "aria-label": label, part: "compare", dir: "ltr" });
  slider.value = "10"; // mostly the new picture, and a hint of the photo
  // A copy, since the photo's canvas goes back to the first screen.
  const copy = el("canvas", { "aria-hidden": "true" });
  [copy.width, copy.height] = [photo.width, photo.height];
  copy.getContext("2d")?.drawImage(photo, 0, 0);
  const move = () => picture.style.setProperty("--at", `${slider.value}%`);
  slider.addEventListener("input", move);
  move();
  return [copy, el("div", { class: "handle" }), slider];
}

function variantRow({ product }: Result, actions: ScreenActions): HTMLElement | false {
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
    return el("button", { ...chip, "aria-pressed": pressed, onClick }, label);
  });
  if (!chips.length) return false;
  const row = el("div", { class: "row" }, ...chips);
  return el("div", {}, el("p", { class: "soft" }, t("variants")), row);
}
