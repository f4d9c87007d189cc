// What a screen consists of, and what its buttons can do.

import type { Result } from "../../jobs/models";
import type { Product } from "../../widget/public";
import type { Config } from "../config";
import type { Child } from "../dom";
import type { Model } from "../reducer";

export interface ScreenActions {
  choose(camera?: boolean): void;
  takeSample(src: string): void;
  start(): void;
  stop(): void;
  minimise(): void;
  retry(): void;
  backToPhoto(): void;
  deletePhoto(): void;
  /** Try on another variant with the same photo. */
  tryVariant(product: Product): void;
  showResult(result: Result): void;
  share(result: Result): void;
  addToCart(result: Result): void;
  /** Go to a page of the shop; `keepPhoto` keeps the photo in this tab. */
  leave(url: string, keepPhoto: boolean): void;
}

export interface View {
  heading: string;
  visual: Child[];
  side: Child[];
}

export type Draw<Name extends Model["screen"]["name"]> = (
  model: Model & { screen: Extract<Model["screen"], { name: Name }> },
  actions: ScreenActions,
  config: Config,
) => View;
