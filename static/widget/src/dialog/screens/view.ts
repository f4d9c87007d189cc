// What a screen is made of, and what it may ask for.

import type { Result } from "../../jobs/models";
import type { Product } from "../../widget/public";
import type { Config } from "../config";
import type { Child } from "../dom";
import type { Model } from "../reducer";

export interface Actions {
  choose(camera?: boolean): void;
  takeSample(src: string): void;
  start(): void;
  stop(): void;
  minimise(): void;
  retry(): void;
  backToPhoto(): void;
  deletePhoto(): void;
  /** Tries on another size or colour with the same photo. */
  tryVariant(product: Product): void;
  show(result: Result): void;
  share(result: Result): void;
  addToCart(result: Result): void;
  /** Leaves for a page of the shop; the photo is kept in this tab when wished. */
  leave(url: string, keepPhoto: boolean): void;
}

export interface View {
  heading: string;
  visual: Child[];
  side: Child[];
}

export type Draw<Name extends Model["screen"]["name"]> = (
  model: Model & { screen: Extract<Model["screen"], { name: Name }> },
  actions: Actions,
  config: Config,
) => View;
