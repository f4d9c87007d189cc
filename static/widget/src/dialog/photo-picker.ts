// Takes photos in: chosen, taken with the camera, dropped or pasted.

import type { Photo } from "../jobs/models";
import { t } from "../locales/strings";
import type { Config } from "./config";
import type { Frame } from "./element";
import type { Happening } from "./reducer";
import type { Tools } from "./tools";

export class Intake {
  // Tells this photo from a later one that is ready sooner.
  #reading = 0;

  constructor(
    private readonly frame: Frame,
    private readonly config: () => Config,
    private readonly happen: (happening: Happening) => void,
    private readonly accepts: () => boolean,
    private readonly tools: () => Promise<Tools>,
    /** Hands a photo to another version of the widget; false when there is none. */
    private readonly renew: (photo: Blob) => Promise<boolean>,
  ) {
    const { dialog, input } = frame;
    const take = (file: File | undefined) => file && void this.take(file);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      take(file);
      input.value = ""; // so that the same file can be chosen again
    });
    dialog.addEventListener("dragover", (event) => {
      event.preventDefault();
      frame.mark(true);
    });
    dialog.addEventListener("dragleave", () => frame.mark(false));
    dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      frame.mark(false);
      take(event.dataTransfer?.files[0]);
    });
  }

  choose(camera = false): void {
    this.tools().catch(() => {}); // asked for again when there is a photo
    const { input } = this.frame;
    if (camera) input.setAttribute("capture", "user");
    else input.removeAttribute("capture");
    input.click();
  }

  paste(event: ClipboardEvent): void {
    const file = event.clipboardData?.files[0];
    if (file && this.frame.dialog.open) void this.take(file);
  }

  /** Forgets a photo that is still being read. */
  drop(): void {
    this.#reading++;
  }

  async take(file: Blob, notice = ""): Promise<void> {
    if (!this.accepts()) return;
    const reading = ++this.#reading;
    const wanted = () => reading === this.#reading && this.accepts();
    this.happen({ type: "reading" });
    let photo: Photo | string;
    try {
      photo = await (await this.tools()).prepare(file, this.config());
    } catch {
      // The tools could not be loaded.
      if (await this.renew(file)) return;
      photo = t("offline");
    }
    if (!wanted()) return;
    if (typeof photo === "string") this.happen({ type: "badPhoto", message: photo });
    else this.happen({ type: "photo", photo, notice });
  }

  async takeSample(src: string): Promise<void> {
    try {
      const response = await fetch(src, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`${response.status}`);
      await this.take(await response.blob());
    } catch {
      this.happen({ type: "badPhoto", message: t("offline") });
    }
  }
}
