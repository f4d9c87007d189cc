// What a screen consists of, and what its buttons can do.

import type { Result } from "../../jobs/models";
import type { Reaction } from "../../jobs/reactions";
import type { Product } from "../../widget/public";
import type { Config } from "../config";
import type { Child } from "../dom";
import type { Model } from "../reducer";

/** What the buttons of the first screen do, and that of a problem. */
export interface FirstActions {
  choose(): void;
  /** Take a photo with this device's camera. */
  useCamera(): void;
  /** Take a photo with the shopper's phone. */
  usePhone(): void;
  takeSample(src: string): void;
  retry(): void;
}

/** What all buttons do, once the tools are loaded. */
export interface ScreenActions extends FirstActions {
  start(): void;
  /** Cancel; a try-on that may be charged already is asked about first. */
  stop(): void;
  minimise(): void;
  close(): void;
  backToPhoto(): void;
  deletePhoto(): void;
  /** Try on another variant with the same photo. */
  tryVariant(product: Product): void;
  showResult(result: Result): void;
  /** Show two pictures side by side. */
  showBeside(result: Result, other: Result): void;
  share(result: Result): void;
  download(result: Result): void;
  /** Make a picture once more, with the same photo. */
  remake(result: Result): void;
  /** Remember whether the shopper likes a picture, and report it. */
  react(result: Result, reaction: Reaction): void;
  addToCart(result: Result): void;
  /** Go to a page of the shop; `keepPhoto` keeps the photo in this tab. */
  leave(url: string, keepPhoto: boolean): void;
}

export interface View {
  heading: string;
  visual: Child[];
  side: Child[];
}

/** What the tools draw on the first screen once there is a photo. */
export interface ReadyParts {
  photo: Child;
  consent: Child;
  buttons: Child;
}

/** What another bundle adds to the screens. */
export interface Additions {
  /** Add to a screen before it is shown. */
  extend(view: View): void;
  /** Open the dialog with a screen of its own. */
  open(): void;
  /** Open the copy on this device of a job's picture, if there is one. */
  openCopy(jobId: string): Promise<void>;
}

/** What the camera's bundle does. */
export interface CameraOpener {
  /** Open the camera; `take` gets the photo. */
  open(take: (photo: Blob) => void): Promise<void>;
}

export type Draw<Name extends Model["screen"]["name"]> = (
  model: Model & { screen: Extract<Model["screen"], { name: Name }> },
  actions: ScreenActions,
  config: Config,
) => View;
