// What a screen is made of, and what it may ask for.

import type { Model } from "../machine";

export interface Actions {
  choose(): void;
  take(file: Blob): void;
  takeSample(src: string): void;
  start(): void;
  stop(): void;
  retry(): void;
  backToPhoto(): void;
  /** Leaves for a page of the shop; the photo is kept in this tab when wished. */
  leave(url: string, keepPhoto: boolean): void;
}

export interface View {
  heading: string;
  visual: Node[];
  side: Node[];
}

export type Draw<Name extends Model["screen"]["name"]> = (
  model: Model & { screen: Extract<Model["screen"], { name: Name }> },
  actions: Actions,
) => View;
