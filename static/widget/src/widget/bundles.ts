// What the stages know of each other.

import type { page } from "./page";
import type { GenvorisApi, GenvorisCall, Product, Settings, Text, TryOnOptions } from "./public";

/** What the first stage does for the second. */
export interface Page {
  /** As they are now: `update` changes them. */
  readonly settings: Settings;
  readonly parts: Parts;
  /** Fetches a file that the first stage does not know of. */
  load(name: string, integrity: string): Promise<void>;
  /**
   * Lets the widget that the server has now take over with a wish, where this one's files are gone.
   *
   * Returns false when it cannot be loaded either.
   */
  renew(wish: Wish): Promise<boolean>;
}

/** What `open` was given: by a script, as a trigger's data attributes, or as read before. */
export type Described = TryOnOptions | DOMStringMap | Product;

/** What the dialog is asked for once it is there. */
export type Wish =
  | ["open", Described, Element | null, photo?: Blob | undefined]
  | ["resume", linked?: boolean | undefined];

/** What a widget leaves to the one that takes over. */
export interface Left {
  settings: Settings;
  /** Ends what the page's scripts listen to. */
  listeners: AbortController;
  calls: (GenvorisCall | Wish)[];
}

/** What the other files hand over: the second and the third stage, and the languages. */
export interface Parts {
  page: typeof page;
  design?: (settings: Settings, signal: AbortSignal) => void;
  dialog?: MakeDialog;
  /** Sentences in the order of the English file's keys. */
  [language: `locale-${string}`]: Text[];
}

/** What the second stage can do, once it is there. */
export interface Dialog {
  /** Opens with a product, and with a photo that the shopper had chosen already. */
  open(described: Described, opener: Element | null, photo?: Blob): void;
  close(): void;
  /**
   * Opens again what was interrupted, on this page or on the one before it, if anything; `linked`:
   * else opens as the page's address asks.
   */
  resume(linked?: boolean): void;
  /** Takes the settings and the language anew. */
  update(language: string): void;
  destroy(): void;
}

export type MakeDialog = (page: Page, language: string) => Dialog;

/** The public face, and how the other files hand themselves over. */
export interface Internal extends GenvorisApi {
  open(described?: Described, opener?: Element | null, photo?: Blob): Promise<void>;
  resume(linked?: boolean): Promise<void>;
  push(...calls: (GenvorisCall | Wish)[]): void;
  attach(part: Partial<Parts>): Parts;
  /** Ends this widget, for the next one to take over, if its own files are gone. */
  leave(): Left | undefined;
}
