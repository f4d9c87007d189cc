// Takes a photo for the dialog: in a live view, or else with the system's own camera.

import type { DialogContext } from "../dialog/context";
import type { CameraOpener } from "../dialog/screens/view";
import { t } from "../locales/strings";
import { doc } from "../widget/page";
import { hasLiveView } from "./camera";
import { css } from "./styles";
import { css as dialogCss } from "./styles-dialog";
import { Viewfinder } from "./viewfinder";

export class DialogCamera implements CameraOpener {
  readonly #context: DialogContext;
  #viewfinder: Viewfinder | undefined;
  /** Whether the browser has refused the live view. */
  #denied = false;

  constructor(context: DialogContext) {
    this.#context = context;
    const { store, element, signal } = context;
    element.addStyle(css + dialogCss);
    // The camera's light must not stay on.
    store.subscribe(() => {
      const { screen, open } = store.model;
      if (screen.name === "camera" && open) return;
      this.#viewfinder?.stop();
      this.#viewfinder = undefined;
      if (screen.name === "camera") this.#back();
    });
    const onHidden = () => doc.hidden && this.#viewfinder && this.#back();
    doc.addEventListener("visibilitychange", onHidden, { signal });
  }

  /** Open the camera; `take` gets the photo. */
  async open(take: (photo: Blob) => void): Promise<void> {
    const { store, element } = this.#context;
    if (this.#denied || !hasLiveView()) {
      this.#openSystemCamera();
      return;
    }
    const viewfinder = new Viewfinder({
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
