// Whether the shopper likes a picture, and why not.

import type { Result } from "../../jobs/models";
import { type Reaction, type Reason, readReaction } from "../../jobs/reactions";
import { type Key, t } from "../../locales/strings";
import { el, iconButton } from "../dom";
import type { ScreenActions } from "./view";

const THUMB =
  "M7 11v9H4v-9zM7 11l4-7a2.2 2.2 0 0 1 2 2.6L12.5 10H18a2 2 0 0 1 2 2.4l-1.2 6A2 2 0 0 1 16.8 20H7";
const REASON_KEYS = {
  likeness: "wrongLikeness",
  product: "wrongProduct",
  quality: "poorQuality",
} as const satisfies Record<Reason, Key>;
const REASONS = Object.keys(REASON_KEYS) as Reason[];

export function reactionRow(result: Result, actions: ScreenActions): HTMLElement {
  const row = el("div", { class: "reaction", part: "reaction" });
  let chosen = readReaction(result.id);
  const choose = (reaction: Reaction) => {
    chosen = reaction;
    actions.react(result, reaction);
    show();
  };
  const thumb = (liked: boolean) => {
    const name = liked ? "like" : "dislike";
    const onClick = () => chosen?.liked !== liked && choose({ liked, reasons: [] });
    const button = iconButton(name, name, onClick, THUMB);
    button.setAttribute("aria-pressed", `${chosen?.liked === liked}`);
    return button;
  };
  const reasonChip = (reason: Reason) => {
    const reasons = chosen?.reasons ?? [];
    const pressed = reasons.includes(reason);
    const rest = reasons.filter((each) => each !== reason);
    const onClick = () => choose({ liked: false, reasons: pressed ? rest : [...rest, reason] });
    const state = { "aria-pressed": pressed && "true", "data-reason": reason };
    const look = { type: "button", class: "chip", part: "reason" };
    return el("button", { ...look, ...state, onClick }, t(REASON_KEYS[reason]));
  };
  const show = () => {
    const root = row.getRootNode() as Partial<ShadowRoot>;
    const focused = root.activeElement as HTMLElement | null | undefined;
    const disliked = chosen && !chosen.liked;
    row.replaceChildren(
      el("p", { class: "soft" }, t(chosen ? "thanks" : "opinion")),
      thumb(true),
      thumb(false),
      ...(disliked
        ? [
            el("p", { class: "soft why" }, t("whyNot")),
            el("div", { class: "row" }, ...REASONS.map(reasonChip)),
          ]
        : []),
    );
    // The button that was pressed has been drawn again.
    if (!focused || focused.isConnected) return;
    const { reason } = focused.dataset;
    const same = reason ? `[data-reason=${reason}]` : `[part=${focused.getAttribute("part")}]`;
    row.querySelector<HTMLElement>(same)?.focus();
  };
  show();
  return row;
}
