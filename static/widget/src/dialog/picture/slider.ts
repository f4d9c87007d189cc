// The photo on top of the picture, up to the position of a slider.

import type { Result } from "../../jobs/models";
import { t } from "../../locales/strings";
import { el } from "../dom";

/** How far from the line a drag still moves it. */
const REACH = 32;
/** Most of the new picture is visible; without motion, as much of both. */
const AFTER_REVEAL = "18";
const MIDDLE = "50";

// The first time that a picture is shown, it appears from behind the photo.
const revealed = new WeakSet<Result>();

export class BeforeAndAfter {
  readonly input = el("input", {
    type: "range",
    "aria-label": t("compare"),
    part: "compare",
    dir: "ltr",
  });
  readonly #picture: HTMLElement;

  constructor(picture: HTMLElement, result: Result) {
    this.#picture = picture;
    const photo = result.photo?.preview as HTMLCanvasElement;
    // A copy, since the photo's canvas goes back to the first screen.
    const copy = el("canvas", { "aria-hidden": "true", part: "photo" });
    [copy.width, copy.height] = [photo.width, photo.height];
    // WebKit shows a canvas again that has left the page only if it is read often.
    copy.getContext("2d", { willReadFrequently: true })?.drawImage(photo, 0, 0);
    picture.append(copy, el("div", { class: "handle" }), this.input);
    const calm = matchMedia("(prefers-reduced-motion:reduce)").matches;
    this.input.value = calm ? MIDDLE : AFTER_REVEAL;
    this.input.addEventListener("input", () => this.#show());
    if (!revealed.has(result)) picture.classList.add("fresh");
    revealed.add(result);
    this.#show();
  }

  /** Whether the line is near a horizontal position on the page. */
  isAt(x: number): boolean {
    const { left, width } = this.#picture.getBoundingClientRect();
    return Math.abs(x - left - (width * Number(this.input.value)) / 100) < REACH;
  }

  moveTo(x: number): void {
    const { left, width } = this.#picture.getBoundingClientRect();
    this.input.value = `${(100 * (x - left)) / width}`;
    this.#show();
  }

  #show(): void {
    this.#picture.style.setProperty("--at", `${this.input.value}%`);
  }
}
