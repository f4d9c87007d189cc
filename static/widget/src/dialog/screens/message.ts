// Screens that say something and offer one way on: log in, the shop's paywall, a problem.

import { t } from "../../locales/strings";
import { button, el } from "../dom";
import { linkOf, withNext } from "../links";
import type { Model } from "../reducer";
import { actionRow, backdrop, productCard } from "./parts";
import type { Actions, Draw } from "./view";

export const drawLogin: Draw<"login"> = (model, actions) => {
  const url = linkOf(model.screen.url);
  return {
    heading: t("login"),
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", {}, t(url ? "loginText" : "loginNowhere")),
      url && wayOut(model, actions, t("loginAction"), withNext(url)),
    ],
  };
};

export const drawPaywall: Draw<"paywall"> = (model, actions) => {
  const { kind, title, message, action_label, action_url } = model.screen.paywall;
  // Where the shop itself has no credit, a shopper can buy nothing.
  const url = kind !== "unavailable" && action_label && linkOf(action_url);
  return {
    heading: title,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { part: "paywall-message" }, el("bdi", {}, message)),
      url && wayOut(model, actions, action_label ?? "", withNext(url)),
    ],
  };
};

export const drawProblem: Draw<"problem"> = (model, actions) => ({
  heading: model.screen.title,
  visual: backdrop(model),
  side: [
    productCard(model),
    el("p", { role: "alert" }, el("bdi", {}, model.screen.message)),
    actionRow(button("primary", "again", () => actions.retry())),
  ],
});

/** A link to a page of the shop, and the question what becomes of the photo meanwhile. */
function wayOut(model: Model, actions: Actions, label: string, url: string): HTMLElement {
  const box = el("input", { type: "checkbox" });
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // into a new tab: nothing to keep
    event.preventDefault();
    actions.leave(url, box.checked);
  };
  const link = el("a", { class: "primary", part: "button primary", href: url, onClick }, label);
  const question = el("label", { class: "keep", part: "keep" }, box, t("keep"));
  return actionRow(model.photo && question, link);
}
