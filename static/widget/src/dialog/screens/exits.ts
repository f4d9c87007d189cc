// Screens that lead to a page of the shop: log in, and the paywall.

import { t } from "../../locales/strings";
import { el } from "../dom";
import { linkOf } from "../links";
import type { Model } from "../reducer";
import { withNext } from "../way-back";
import { actionRow, backdrop, productCard } from "./parts";
import type { Draw, ScreenActions } from "./view";

export const drawLogin: Draw<"login"> = (model, actions) => {
  const url = linkOf(model.screen.url);
  return {
    heading: t("login"),
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", {}, t(url ? "loginText" : "loginNowhere")),
      url && exitLink(model, actions, t("loginAction"), withNext(url)),
    ],
  };
};

export const drawPaywall: Draw<"paywall"> = (model, actions) => {
  const { kind, title, message, action_label, action_url } = model.screen.paywall;
  // If the shop itself has no credit, there is nothing that a shopper could buy.
  const url = kind !== "unavailable" && action_label && linkOf(action_url);
  return {
    heading: title,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { part: "paywall-message" }, el("bdi", {}, message)),
      url && exitLink(model, actions, action_label ?? "", withNext(url)),
    ],
  };
};

/** A link to a page of the shop, and the choice to keep the photo meanwhile. */
function exitLink(model: Model, actions: ScreenActions, label: string, url: string): HTMLElement {
  const box = el("input", { type: "checkbox" });
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // opens a new tab, so this one stays
    event.preventDefault();
    actions.leave(url, box.checked);
  };
  const link = el("a", { class: "primary", part: "button primary", href: url, onClick }, label);
  const question = el("label", { class: "keep", part: "keep" }, box, t("keep"));
  return actionRow(model.photo && question, link);
}
