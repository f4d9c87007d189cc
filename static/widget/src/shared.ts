// What the stages know of each other.

import type { kit } from "./kit";
import type { Events, GenvorisApi, Product, Settings, Text } from "./public";
import type { Tools } from "./tools";

/** What the first stage does for the second. */
export interface Page {
  /** As they are now: `update` changes them. */
  readonly settings: Settings;
  readonly parts: Parts;
  /** Fetches a file that the first stage does not know of. */
  load(name: string, integrity: string): Promise<void>;
}

/** What the other files hand over: the second and the third stage, and the languages. */
export interface Parts {
  dialog?: MakeDialog;
  kit?: typeof kit;
  tools?: Tools;
  /** Sentences in the order of the English file's keys. */
  [language: `locale-${string}`]: Text[];
}

/** What the second stage can do, once it is there. */
export interface Dialog {
  open(product: Product, opener: Element | null, token?: string): void;
  close(): void;
  /** Opens again what was interrupted, on this page or on the one before it, if anything. */
  resume(): void;
  /** Takes the settings and the language anew. */
  update(language: string): void;
  destroy(): void;
}

export type MakeDialog = (page: Page, language: string) => Dialog;

/** The public face, and how the other files hand themselves over. */
export interface Internal extends GenvorisApi {
  attach(part: Parts): Parts;
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
