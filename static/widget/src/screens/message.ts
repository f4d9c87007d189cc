// Screens that say something and offer one way on: log in, the shop's paywall, a problem.

import { button, el } from "../dom";
import type { Model } from "../machine";
import { strings } from "../strings";
import { backdrop, productCard } from "./parts";
import type { Actions, Draw } from "./view";

export const drawLogin: Draw<"login"> = (model, actions) => {
  const url = model.screen.url;
  return {
    heading: strings.login,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", {}, url ? strings.loginText : strings.loginNowhere),
      url ? wayOut(model, actions, strings.loginAction, withNext(url)) : null,
    ].filter((part) => part !== null),
  };
};

export const drawPaywall: Draw<"paywall"> = (model, actions) => {
  const { title, message, action_label, action_url } = model.screen.paywall;
  return {
    heading: title,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { part: "paywall-message" }, message),
      action_label && action_url ? wayOut(model, actions, action_label, action_url) : null,
    ].filter((part) => part !== null),
  };
};

export const drawProblem: Draw<"problem"> = (model, actions) => ({
  heading: model.screen.title,
  visual: backdrop(model),
  side: [
    productCard(model),
    el("p", { role: "alert" }, model.screen.message),
    el(
      "div",
      { class: "actions" },
      button("primary", strings.again, () => actions.retry()),
    ),
  ].filter((part) => part !== null),
});

/** A link to a page of the shop, and the question what becomes of the photo meanwhile. */
function wayOut(model: Model, actions: Actions, label: string, url: string): HTMLElement {
  const box = el("input", { type: "checkbox", checked: true });
  const link = el("a", { class: "primary", part: "button primary", href: url }, label);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // into a new tab: nothing to keep
    event.preventDefault();
    actions.leave(url, box.checked);
  });
  const question = el("label", { class: "keep", part: "keep" }, box, strings.keep);
  return el("div", { class: "actions" }, model.photo ? question : null, link);
}

/** Adds the way back, unless the shop's own link has one. */
export function withNext(url: string): string {
  const whole = new URL(url, location.href);
  if (whole.searchParams.has("next")) return url;
  whole.searchParams.set("next", location.pathname + location.search);
  return whole.href;
}
