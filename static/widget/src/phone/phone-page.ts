// The page's screens: how it works, the camera, the photo, and what became of it.

import { hasLiveView } from "../camera/camera";
import { Viewfinder } from "../camera/viewfinder";
import { button, type Child, el, icon } from "../dialog/dom";
import { t } from "../locales/strings";
import { type Limits, type Photo, prepare } from "../photo/photo";
import { type Link, LinkError } from "./link";

const CHECK = "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM8 12.5l3 3 5.5-6";

export class PhonePage {
  readonly #main = el("main");
  readonly #live = el("p", { class: "live", role: "status" });
  readonly #file = el("input", { type: "file", accept: "image/*", hidden: true });
  #viewfinder: Viewfinder | undefined;

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
    this.#viewfinder?.stop();
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
          live ? this.#showCamera() : this.#choose(true),
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

  #showCamera(): void {
    const viewfinder = new Viewfinder({
      onPicture: (picture) => (picture ? void this.#review(picture) : this.#showStart(t("failed"))),
      onDenied: () => this.#showStart(t("cameraDenied")),
      onBack: () => this.#showStart(),
      announce: (text) => this.#announce(text),
    });
    this.#show(t("takePhoto"), viewfinder.view, viewfinder.controls);
    this.#main.className = "camera";
    this.#viewfinder = viewfinder;
    void viewfinder.start();
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
    this.#show(t("sent"), icon(CHECK), el("p", {}, t("sentText")));
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
