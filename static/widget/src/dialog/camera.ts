// Takes a photo with the camera: in a view with a timer, or else with the system's own camera.

import { hasLiveView } from "../camera/camera";
import type { Viewfinder } from "../camera/viewfinder";
import { t } from "../locales/strings";
import { doc } from "../widget/page";
import type { DialogContext } from "./context";
import type { Draw } from "./screens/view";

declare const __CAMERA__: string;

export class CameraOpener {
  readonly #context: DialogContext;
  #viewfinder: Viewfinder | undefined;
  /** Whether the browser has refused the live view. */
  #denied = false;

  constructor(context: DialogContext) {
    this.#context = context;
    const { store, signal } = context;
    // The camera's light must not stay on.
    store.subscribe(() => {
      const { screen, open } = store.model;
      if (screen.name === "camera" && open) return;
      this.#viewfinder?.stop();
      this.#viewfinder = undefined;
      if (screen.name === "camera") this.#back();
    });
    const onHidden = () => doc.hidden && this.#viewfinder && this.#back();
    document.addEventListener("visibilitychange", onHidden, { signal });
  }

  /** Open the camera; `take` gets the photo. */
  async open(take: (photo: Blob) => void): Promise<void> {
    const { store, widget, element } = this.#context;
    if (this.#denied || !hasLiveView()) {
      this.#openSystemCamera();
      return;
    }
    const before = store.model.screen;
    const known = widget.bundles.camera;
    await widget.load("camera", __CAMERA__);
    const { camera } = widget.bundles;
    if (!camera || store.model.screen !== before) return;
    if (!known) element.addStyle(camera.css);
    const viewfinder = new camera.Viewfinder({
      onPicture: (picture) => {
        this.#back();
        if (picture) take(picture);
        else store.dispatch({ type: "badPhoto", message: t("failed") });
      },
      onDenied: () => this.#onDenied(),
      onBack: () => this.#back(),
      announce: (text) => element.announce(text),
    });
    const { view, controls } = viewfinder;
    store.dispatch({ type: "show", screen: { name: "camera", view, controls } });
    this.#viewfinder = viewfinder;
    await viewfinder.start();
  }

  #back(): void {
    this.#context.store.dispatch({ type: "backToPhoto" });
  }

  #onDenied(): void {
    this.#denied = true;
    this.#back();
    // Browsers open it only while they still count the shopper's click.
    if (navigator.userActivation?.isActive) this.#openSystemCamera();
    else this.#context.store.dispatch({ type: "badPhoto", message: t("cameraDenied") });
  }

  #openSystemCamera(): void {
    const { input } = this.#context.element;
    input.setAttribute("capture", "environment");
    input.click();
    input.removeAttribute("capture");
  }
}

export const drawCamera: Draw<"camera"> = ({ screen: { view, controls } }) => ({
  heading: t("camera"),
  visual: [view],
  side: [controls],
});
