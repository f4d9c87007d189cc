// A deletion that can be undone for ten seconds.

import { t } from "../locales/strings";
import { el } from "./dom";

export const UNDO_SECONDS = 10;

/**
 * What the shopper has deleted is gone from the screen at once; `run` makes it final when the
 * seconds are over.
 *
 * It is final earlier when the page is left, since nothing could delete it afterwards; so `run`
 * must send its requests with `keepalive`, before it waits for anything.
 */
export class Deletion {
  /** The button that undoes it, and shows how long that is possible. */
  readonly button: HTMLButtonElement;
  #timer = 0;

  constructor(
    private readonly run: () => unknown,
    private readonly restore: () => void,
  ) {
    const left = el("span", { "aria-hidden": "true" });
    const onClick = () => this.undo();
    const attributes = { type: "button", class: "secondary undo", part: "button undo", onClick };
    this.button = el("button", attributes, t("undo"), left);
    this.#countDown(left);
    addEventListener("pagehide", this.now);
  }

  #countDown(left: HTMLElement): void {
    let seconds = UNDO_SECONDS;
    const show = () => {
      left.textContent = t("undoSeconds", { count: seconds });
    };
    show();
    this.#timer = window.setInterval(() => {
      seconds--;
      if (seconds) show();
      else this.now();
    }, 1000);
  }

  undo(): void {
    if (this.#end()) this.restore();
  }

  /** Delete without waiting any longer; nothing happens if it is done or undone already. */
  readonly now = (): void => {
    if (this.#end()) this.run();
  };

  /** Return whether it was still possible to undo it. */
  #end(): boolean {
    if (!this.#timer) return false;
    clearInterval(this.#timer);
    this.#timer = 0;
    removeEventListener("pagehide", this.now);
    this.button.remove();
    return true;
  }
}
