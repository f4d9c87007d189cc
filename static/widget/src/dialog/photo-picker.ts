// Accepts photos: chosen, taken with the camera, dropped or pasted.

import { t } from "../locales/strings";
import type { Photo } from "../photo/photo";
import type { DialogContext } from "./context";

export class PhotoPicker {
  readonly #context: DialogContext;
  // Distinguishes this photo from a later one that is ready sooner.
  #reading = 0;

  constructor(context: DialogContext) {
    this.#context = context;
    const { element, store } = context;
    const { dialog, input } = element;
    const take = (file: File | undefined) => file && void this.take(file);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      take(file);
      input.value = ""; // so that the same file can be chosen again
    });
    dialog.addEventListener("dragover", (event) => {
      event.preventDefault();
      element.highlightDropZone(true);
    });
    dialog.addEventListener("dragleave", () => element.highlightDropZone(false));
    dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      element.highlightDropZone(false);
      take(event.dataTransfer?.files[0]);
    });
    // A photo that is still being read is not for the next product.
    store.subscribe(({ type }) => type === "open" && this.#reading++);
  }

  choose(): void {
    this.#context.loadTools().catch(() => {}); // tried again once there is a photo
    this.#context.element.input.click();
  }

  paste(event: ClipboardEvent): void {
    const file = event.clipboardData?.files[0];
    if (file && this.#context.store.model.open) void this.take(file);
  }

  async take(file: Blob): Promise<void> {
    const { store, tracker, config } = this.#context;
    if (!this.#acceptsPhoto) return;
    const reading = ++this.#reading;
    store.dispatch({ type: "reading" });
    let photo: Photo | string;
    try {
      photo = await (await this.#context.loadTools()).prepare(file, config);
    } catch {
      // The tools of this version are gone.
      if (await this.#handOver(file)) return;
      photo = t("offline");
    }
    if (reading !== this.#reading || !this.#acceptsPhoto) return;
    if (typeof photo === "string") {
      store.dispatch({ type: "badPhoto", message: photo });
    } else {
      store.dispatch({ type: "photo", photo });
      tracker.track("PHOTO_UPLOADED", store.model.product);
    }
  }

  async takeSample(src: string): Promise<void> {
    const response = await fetch(src, { credentials: "same-origin" }).catch(() => null);
    const sample = response?.ok && (await response.blob().catch(() => null));
    if (sample) return this.take(sample);
    const message = t(response ? "failed" : "offline");
    this.#context.store.dispatch({ type: "badPhoto", message });
  }

  get #acceptsPhoto(): boolean {
    return ["photo", "result"].includes(this.#context.store.model.screen.name);
  }

  /** Continue in the server's current version of the widget; return false if it cannot be loaded. */
  #handOver(photo: Blob): Promise<boolean> {
    const { widget, store, opener } = this.#context;
    return widget.handOver(["open", store.model.product, opener, photo]);
  }
}
