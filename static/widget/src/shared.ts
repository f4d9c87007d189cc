// What the stages know of each other.

import type { kit } from "./kit";
import type { page } from "./page";
import type {
  Events,
  GenvorisApi,
  GenvorisCall,
  Product,
  Settings,
  Text,
  TryOnOptions,
} from "./public";
import type { Tools } from "./tools";

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
  kit?: typeof kit;
  tools?: Tools;
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

/** What a try-on goes through. */
export const STAGES = ["sending", "queued", "running"] as const;
export type Stage = (typeof STAGES)[number];

export const VERSION = "0.1.0";
/** In this tab: what the shopper left for the plans or the log-in page. */
export const KEPT_KEY = "genvoris:kept";
/** In this tab: a job that runs. */
export const JOB_KEY = "genvoris:job";
/** In this tab: the random id of the visit. */
export const SESSION_KEY = "genvoris:session";
export const CHECKOUT = "[data-genvoris-checkout]";

/** Gives a product's title, with the size or colour that was chosen. */
export function nameOf({ title, variant }: Product): string {
  return [title, variant].filter(Boolean).join(" – ");
}

/** Tells the page; false when it wants to take over. */
export function tell<Name extends keyof Events>(name: Name, detail: Events[Name]): boolean {
  return dispatchEvent(new CustomEvent(`genvoris:${name}`, { detail, cancelable: true }));
}

/** Gives a random name. */
export function newKey(): string {
  // randomUUID is missing on pages without https.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
