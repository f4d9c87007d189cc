// Screens that lead to a page of the shop: log in, and the paywall.

import { t } from "../../locales/strings";
import type { Paywall, PaywallOption } from "../../widget/public";
import { button, type Child, el } from "../dom";
import { linkOf } from "../links";
import type { Model } from "../reducer";
import { withNext } from "../way-back";
import { backdrop } from "./backdrop";
import { balanceTexts, dayOf } from "./cost";
import { earlierRow } from "./earlier";
import { actionRow, meter, productCard } from "./parts";
import type { Draw, ScreenActions } from "./view";

export const drawLogin: Draw<"login"> = (model, actions) => {
  const url = linkOf(model.screen.url);
  return {
    heading: t("login"),
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", {}, t(url ? "loginText" : "loginNowhere")),
      exitRow(model, actions, url ? [{ url, title: t("loginAction"), details: "" }] : []),
    ],
  };
};

export const drawPaywall: Draw<"paywall"> = (model, actions) => {
  const { title, message, options = [] } = model.screen.paywall;
  const waits = options.filter(({ url }) => !webLinkOf(url));
  return {
    heading: title,
    visual: backdrop(model),
    side: [
      productCard(model),
      el("p", { part: "paywall-message" }, el("bdi", {}, message)),
      meter(model, { balanceTexts }),
      ...waits.map((option) => {
        const label = labelOf({ title: option.title, details: optionDetails(option) });
        return el("p", { class: "soft", part: "option" }, ...label);
      }),
      earlierRow(model, actions),
      exitRow(model, actions, exitsOf(model.screen.paywall)),
    ],
  };
};

/** A link to a page of the shop. */
interface Exit {
  url: string;
  title: string;
  /** What it brings and costs. */
  details: string;
}

/** Return the ways on, the most likely first. */
export function exitsOf({ kind, action_label, action_url, options = [] }: Paywall): Exit[] {
  // If the shop itself has no credit, there is nothing that a shopper could buy.
  if (kind === "unavailable") return [];
  const exits = options.flatMap((option) => {
    const url = webLinkOf(option.url);
    return url ? [{ url, title: option.title, details: optionDetails(option) }] : [];
  });
  const url = action_label && linkOf(action_url);
  return url ? [...exits, { url, title: action_label, details: "" }] : exits;
}

/** Return a URL that leads to a page; null for any other. */
function webLinkOf(url: string | null): string | null {
  const link = linkOf(url);
  return link && new URL(link, location.href).protocol.startsWith("http") ? link : null;
}

function labelOf({ title, details }: Omit<Exit, "url">): Child[] {
  return [el("bdi", {}, title), " ", el("small", { class: "cost" }, details)];
}

export function optionDetails({ tryOns: count, price, at }: PaywallOption): string {
  // A price keeps its own direction within the language's.
  const isolated = price && `\u2068${price}\u2069`;
  const details = [count && t("tryOns", { count }), isolated, at && dayOf(at)];
  return details.filter(Boolean).join(" · ");
}

/** Return links to pages of the shop, the choice to keep the photo meanwhile, and the way back. */
function exitRow(model: Model, actions: ScreenActions, exits: Exit[]): HTMLElement {
  const box = el("input", { type: "checkbox", checked: model.photo?.kept ?? false });
  const question = el("label", { class: "keep", part: "keep" }, box, t("keep"));
  const links = exits.map((exit, index) => {
    const whole = withNext(exit.url);
    const onClick = (event: MouseEvent) => {
      // Opens a new tab, so this one stays.
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      actions.leave(whole, box.checked);
    };
    const look = index ? "secondary" : "primary";
    return el("a", { class: look, part: `button ${look}`, href: whole, onClick }, ...labelOf(exit));
  });
  const notNow = button("quiet", "notNow", () => actions.close());
  return actionRow(model.photo && exits.length > 0 && question, ...links, notNow);
}
