// The page's screens: how it works, the camera, the photo, and what became of it.

import { button, type Child, el, icon } from "../dialog/dom";
import { type Key, t } from "../locales/strings";
import { type Limits, type Photo, prepare } from "../photo/photo";
import { Camera, type Facing, hasLiveView, takePicture } from "./camera";
import { Countdown } from "./countdown";
import { type Link, LinkError } from "./link";

const TIMERS = [0, 3, 10] as const;
const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  done: "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM8 12.5l3 3 5.5-6",
  turn: "M4 9a8.5 8.5 0 0 1 15.5-1.5M20 15a8.5 8.5 0 0 1-15.5 1.5M20 3v5h-5M4 21v-5h5",
};

export class PhonePage {
  readonly #main = el("main");
  readonly #live = el("p", { class: "live", role: "status" });
  readonly #file = el("input", { type: "file", accept: "image/*", hidden: true });
  readonly #camera = new Camera();
  readonly #countdown = new Countdown();
  #facing: Facing = "environment";
  #timer: number = 10;

  constructor(
    private readonly link: Link,
    private readonly shop: string,
    private readonly limits: Limits,
  ) {}

  async start(): Promise<void> {
    document.body.append(this.#main, this.#file, this.#live);
    this.#file.setAttribute("aria-label", t("choose"));
    this.#file.addEventListener("change", () => {
      const file = this.#file.files?.[0];
      if (file) void this.#review(file);
      this.#file.value = ""; // so that the same file can be chosen again
    });
    // The camera's light must not stay on behind another app.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.#main.querySelector("video")) this.#showStart();
    });
    try {
      await this.link.connect();
      this.#showStart();
    } catch (error) {
      this.#showFailure(error, () => location.reload());
    }
  }

  #show(heading: string, ...content: Child[]): void {
    this.#countdown.stop();
    this.#camera.close();
    const title = el("h1", { tabindex: "-1" }, heading);
    this.#main.className = "";
    this.#main.replaceChildren(
      el("p", { class: "shop" }, el("bdi", {}, this.shop)),
      title,
      ...content.filter((child): child is Node => Boolean(child)),
    );
    title.focus();
  }

  #showStart(error = ""): void {
    const live = hasLiveView();
    const tips = (["goodPhoto", "tipWhole", "tipTimer"] as const).map((key) =>
      el("li", {}, t(key)),
    );
    this.#show(
      t("takePhoto"),
      el("p", {}, t("intro", { shop: this.shop })),
      error && el("p", { class: "error", role: "alert" }, error),
      el("ul", { class: "tips" }, ...tips),
      el(
        "div",
        { class: "actions" },
        button("primary", live ? "openCamera" : "takePhoto", () =>
          live ? void this.#showCamera() : this.#choose(true),
        ),
        button("secondary", "choose", () => this.#choose(false)),
      ),
    );
  }

  #choose(camera: boolean): void {
    if (camera) this.#file.setAttribute("capture", "environment");
    else this.#file.removeAttribute("capture");
    this.#file.click();
  }

  async #showCamera(): Promise<void> {
    const video = el("video", { playsinline: true, "aria-label": t("cameraView") });
    video.muted = true;
    const count = el("p", { class: "count", hidden: true });
    const shutter = el("button", { type: "button", class: "shutter" });
    shutter.setAttribute("aria-label", t("shutter"));
    shutter.disabled = true;
    const controls = el(
      "div",
      { class: "controls" },
      this.#timerChoice(),
      el(
        "div",
        { class: "row" },
        iconButton("close", "back", () => this.#showStart()),
        shutter,
        iconButton("turn", "turnCamera", () => {
          this.#facing = this.#facing === "user" ? "environment" : "user";
          void this.#showCamera();
        }),
      ),
    );
    this.#show(t("takePhoto"), video, count, controls);
    this.#main.className = "camera";
    shutter.addEventListener("click", () => this.#press(video, count, shutter));
    try {
      await this.#camera.open(video, this.#facing);
      shutter.disabled = false;
    } catch {
      this.#showStart(t("cameraDenied"));
    }
  }

  #timerChoice(): HTMLElement {
    const choices = TIMERS.map((seconds) => {
      const input = el("input", { type: "radio", name: "timer", checked: seconds === this.#timer });
      input.addEventListener("change", () => {
        this.#timer = seconds;
      });
      return el(
        "label",
        {},
        input,
        el("span", {}, t(seconds ? "seconds" : "timerOff", { count: seconds })),
      );
    });
    return el("fieldset", {}, el("legend", {}, t("timer")), ...choices);
  }

  /** Start the countdown, or stop the one that runs. */
  #press(video: HTMLVideoElement, count: HTMLElement, shutter: HTMLButtonElement): void {
    const running = this.#countdown.running;
    shutter.setAttribute("aria-label", t(running ? "shutter" : "stopTimer"));
    count.hidden = running;
    if (running) {
      this.#countdown.stop();
      return;
    }
    const show = (left: number) => {
      count.textContent = left.toLocaleString(document.documentElement.lang);
      this.#announce(count.textContent);
    };
    this.#countdown.start(this.#timer, show, async () => {
      const picture = await takePicture(video);
      if (picture) await this.#review(picture);
      else this.#showStart(t("failed"));
    });
  }

  async #review(file: Blob): Promise<void> {
    this.#show(t("reading"));
    const photo = await prepare(file, this.limits);
    if (typeof photo === "string") {
      this.#showStart(photo);
      return;
    }
    this.#showPhoto(photo);
  }

  #showPhoto(photo: Photo, error = ""): void {
    const { preview } = photo;
    preview?.setAttribute("role", "img");
    preview?.setAttribute("aria-label", t("yourPhoto"));
    this.#show(
      t("usePhoto"),
      preview ? el("div", { class: "preview" }, preview) : el("p", {}, t("noPreview")),
      error && el("p", { class: "error", role: "alert" }, error),
      el(
        "div",
        { class: "actions" },
        button("primary", "send", () => void this.#send(photo)),
        button("secondary", "retake", () =>
          hasLiveView() ? this.#showCamera() : this.#showStart(),
        ),
      ),
    );
  }

  async #send(photo: Photo): Promise<void> {
    this.#show(t("sendingPhoto"), el("p", { class: "busy" }));
    try {
      await this.link.send(photo.blob);
    } catch (error) {
      if (error instanceof LinkError && !error.over) this.#showPhoto(photo, error.message);
      else this.#showFailure(error, () => this.#showPhoto(photo));
      return;
    }
    if (photo.preview) photo.preview.width = 0; // nothing stays on the phone
    this.#show(t("sent"), icon(ICONS.done), el("p", {}, t("sentText")));
    this.#main.className = "end";
  }

  #showFailure(error: unknown, again: () => void): void {
    const over = error instanceof LinkError && error.over;
    const message = error instanceof LinkError ? error.message : t("failed");
    this.#show(
      t(over ? "over" : "problem"),
      el("p", { role: "alert" }, message),
      !over && el("div", { class: "actions" }, button("primary", "again", again)),
    );
    this.#main.className = "end";
  }

  #announce(text: string): void {
    this.#live.textContent = text;
  }
}

function iconButton(name: keyof typeof ICONS, label: Key, onClick: () => void): HTMLElement {
  const attributes = { type: "button", class: "icon", "aria-label": t(label) };
  return el("button", { ...attributes, onClick }, icon(ICONS[name]));
}
