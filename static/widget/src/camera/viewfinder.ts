// A live view with a timer, by which shoppers take a photo of themselves from some steps away.

import { el, icon } from "../dialog/dom";
import { type Key, language, t } from "../locales/strings";
import { Camera, type Facing, takePicture } from "./camera";
import { Countdown } from "./countdown";

const TIMERS = [0, 3, 10] as const;
const ICONS = {
  back: "M15 5l-7 7 7 7",
  turn: "M4 9a8.5 8.5 0 0 1 15.5-1.5M20 15a8.5 8.5 0 0 1-15.5 1.5M20 3v5h-5M4 21v-5h5",
};

export interface ViewfinderHost {
  /** Called with the picture; null if there is none. */
  onPicture(picture: Blob | null): void;
  /** Called without a camera, or without the permission to use it. */
  onDenied(): void;
  onBack(): void;
  announce(text: string): void;
}

// What the shopper chose last.
let timer: number = 10;
let facing: Facing = "environment";

export class Viewfinder {
  /** The live view, and the seconds that are left. */
  readonly view: HTMLElement;
  /** The timer's choices and the buttons. */
  readonly controls: HTMLElement;
  readonly #video = el("video", { playsinline: true, "aria-label": t("cameraView") });
  readonly #count = el("p", { class: "count", hidden: true });
  readonly #shutter: HTMLButtonElement;
  readonly #camera = new Camera();
  readonly #countdown = new Countdown();
  #stopped = false;

  constructor(private readonly host: ViewfinderHost) {
    this.#video.muted = true;
    const onClick = () => this.#press();
    this.#shutter = el("button", { type: "button", class: "shutter", onClick });
    this.view = el("div", { class: "view" }, this.#video, this.#count);
    this.controls = el(
      "div",
      { class: "controls" },
      timerChoice(),
      el(
        "div",
        { class: "shutters" },
        iconButton("back", "back", () => host.onBack()),
        this.#shutter,
        iconButton("turn", "turnCamera", () => {
          facing = facing === "user" ? "environment" : "user";
          void this.start();
        }),
      ),
    );
  }

  async start(): Promise<void> {
    this.#endCountdown();
    this.#shutter.disabled = true;
    try {
      if (await this.#camera.open(this.#video, facing)) this.#shutter.disabled = false;
    } catch {
      this.#camera.close();
      this.host.onDenied();
    }
  }

  /** Switch the camera off. */
  stop(): void {
    this.#stopped = true;
    this.#countdown.stop();
    this.#camera.close();
  }

  /** Start the countdown, or stop the one that runs. */
  #press(): void {
    if (this.#countdown.running) {
      this.#endCountdown();
      return;
    }
    this.#count.hidden = false;
    this.#shutter.setAttribute("aria-label", t("stopTimer"));
    const show = (left: number) => {
      this.#count.textContent = left.toLocaleString(language());
      this.host.announce(this.#count.textContent);
    };
    this.#countdown.start(timer, show, async () => {
      const picture = await takePicture(this.#video);
      if (!this.#stopped) this.host.onPicture(picture);
    });
  }

  #endCountdown(): void {
    this.#countdown.stop();
    this.#count.hidden = true;
    this.#shutter.setAttribute("aria-label", t("shutter"));
  }
}

function timerChoice(): HTMLElement {
  const choices = TIMERS.map((seconds) => {
    const input = el("input", { type: "radio", name: "timer", checked: seconds === timer });
    input.addEventListener("change", () => {
      timer = seconds;
    });
    const text = t(seconds ? "seconds" : "timerOff", { count: seconds });
    return el("label", {}, input, el("span", {}, text));
  });
  return el("fieldset", { class: "timer" }, el("legend", {}, t("timer")), ...choices);
}

function iconButton(name: keyof typeof ICONS, label: Key, onClick: () => void): HTMLElement {
  const attributes = { type: "button", class: "icon", "aria-label": t(label) };
  return el("button", { ...attributes, onClick }, icon(ICONS[name]));
}
