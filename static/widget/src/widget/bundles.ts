// How the separately loaded files (bundles) know each other.

import type { page } from "./page";
import type { GenvorisApi, GenvorisCall, Product, Settings, Text, TryOnOptions } from "./public";

/** What each bundle hands over when it is loaded; it adds its own part to this interface. */
export interface Bundles {
  page: typeof page;
  design?: (settings: Settings, signal: AbortSignal) => void;
  dialog?: (widget: WidgetContext, language: string) => Dialog;
  /** Sentences in the build's order of their keys; after the first ones, the others' integrity. */
  [language: `locale-${string}` | `later-${string}` | `outcome-${string}`]: Text[];
}

/** What the widget does for the dialog. */
export interface WidgetContext {
  /** Always current: `update` changes them in place. */
  readonly settings: Settings;
  readonly bundles: Bundles;
  /** Load a file that the widget itself does not know. */
  load(name: string, integrity: string): Promise<void>;
  /**
   * Hand a call over to the server's current version, when this version's files are gone.
   *
   * Return false if that cannot be loaded either.
   */
  handOver(call: PendingCall): Promise<boolean>;
}

/** A product as a script passes it, as a trigger's data attributes, or as read before. */
export type ProductInput = TryOnOptions | DOMStringMap | Product;

/** A call that waits for the dialog to be loaded. */
export type PendingCall =
  | ["open", ProductInput, Element | null, photo?: Blob | undefined]
  | ["openFittingRoom"]
  | ["resume", linked?: boolean | undefined];

export interface Dialog {
  /** Open with a product, and with a photo that the shopper has already chosen. */
  open(input: ProductInput, opener: Element | null, photo?: Blob): void;
  openFittingRoom(): void;
  close(): void;
  /**
   * Open again what was interrupted on this page or the previous one.
   *
   * If nothing was, `linked` opens with the page's own product.
   */
  resume(linked?: boolean): void;
  /** Read the settings again, and use this language. */
  update(language: string): void;
  destroy(): void;
}

/** The public API, and what the bundles and other versions of the widget use besides. */
export interface InternalApi extends GenvorisApi {
  open(input?: ProductInput, opener?: Element | null, photo?: Blob): Promise<void>;
  openFittingRoom(): Promise<void>;
  resume(linked?: boolean): Promise<void>;
  push(...calls: (GenvorisCall | PendingCall)[]): void;
  attach(bundle: Partial<Bundles>): Bundles;
  /** End this widget and return its state, if it is waiting for another version to replace it. */
  leave(): Handover | undefined;
}

/** What a widget passes on to the version that replaces it. */
export interface Handover {
  settings: Settings;
  /** Ends the listeners that the page's scripts have added. */
  listeners: AbortController;
  calls: (GenvorisCall | PendingCall)[];
}
