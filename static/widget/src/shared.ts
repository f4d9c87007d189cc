// What the two stages know of each other.

/** A product, as a trigger or the shop's own script describes it. */
export interface Product {
  image: string;
  title: string;
  id: string;
  category: string;
  /** The page that shows it; empty: this one. */
  page: string;
}

/** A picture that a shopper without a photo at hand may use. */
export interface SamplePhoto {
  src: string;
  alt: string;
}

/** What the script tag says. */
export interface Config {
  apiUrl: string;
  token: string | null;
  loginUrl: string | null;
  maxUploadBytes: number;
  samplePhotos: SamplePhoto[];
  primaryColor: string | null;
  borderRadius: string | null;
}

/** What the second stage can do, once it is there. */
export interface Dialog {
  open(product: Product, opener: Element | null, token: string | null): void;
  close(): void;
  /** Opens again what the shopper left for the plans or the log-in page, if anything. */
  resume(): boolean;
}

export type MakeDialog = (config: Config) => Dialog;

/** What `openTryOn` takes. */
export interface TryOnOptions {
  productImages?: string | string[];
  productTitle?: string;
  productId?: string;
  productCategory?: string;
  page_url?: string;
  token?: string;
}

/** `window.Genvoris`, also `window.VTOWidget`. */
export interface PublicApi {
  version: string;
  openTryOn(options?: TryOnOptions): void;
  close(): void;
  resume(): void;
  /** For the second stage alone: how it hands itself over. */
  attach(make: MakeDialog): void;
}

declare global {
  interface Window {
    Genvoris?: PublicApi;
    VTOWidget?: PublicApi;
  }
}

export const VERSION = "0.1.0";
export const KEPT_KEY = "genvoris:kept";
