// What a shop's own scripts can rely on. The build writes this file's types to widget.d.ts.

/** Another size or colour of a product; what is left out is as on the product itself. */
export interface Variant {
  label: string;
  id?: string;
  image?: string;
}

/** A product as the events name it. */
export interface Product {
  image: string;
  /** All pictures of it; the first is `image`. */
  images: string[];
  title: string;
  id: string;
  /** apparel, home, object or other; empty when unknown. */
  category: string;
  /** The address of the page that shows it; empty: the one that the shopper is on. */
  page: string;
  /** The label of the size or colour that was chosen in the dialog; empty: the product itself. */
  variant: string;
  variants: Variant[];
}

/** What `open` takes. */
export interface TryOnOptions {
  productImages?: string | string[];
  productTitle?: string;
  productId?: string;
  productCategory?: string;
  productVariants?: Variant[];
  page_url?: string;
  /** A session token of this shopper, instead of the page's. */
  token?: string;
}

/** A picture that a shopper without a photo at hand may use. */
export interface SamplePhoto {
  src: string;
  alt?: string;
}

/** One of the widget's sentences, or its plural forms by the categories of Intl.PluralRules. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;

/** What the script tag's data attributes say, in camel case; `update` takes the same. */
export interface Settings {
  apiUrl?: string;
  eventsUrl?: string;
  token?: string | null;
  /** Asked for a token instead of the backend. */
  getToken?: () => Promise<string | null>;
  /** en, ar, fr, de, es or ur; the page's own language when left out. */
  language?: string;
  loginUrl?: string;
  privacyUrl?: string;
  /** Asks for consent again when it changes; the policy's address when left out. */
  privacyVersion?: string;
  maxUploadBytes?: number;
  /** false: the backend takes no HEIC pictures as they are. */
  heic?: boolean;
  samplePhotos?: SamplePhoto[];
  /** A CSS selector of the shop's own button, pressed by “Add to cart”. */
  addToCart?: string;
  strings?: Record<string, Text>;
  /** false: takes no colour, font or corner from the page. */
  autoStyle?: boolean;
  primaryColor?: string;
  accentColor?: string;
  backgroundColor?: string;
  textColor?: string;
  fontFamily?: string;
  /** In px. */
  borderRadius?: number;
}

export interface Paywall {
  kind: "offer" | "account" | "unavailable";
  title: string;
  message: string;
  action_label: string | null;
  action_url: string | null;
}

/** The contract's event types. */
export type AnalyticsType =
  | "WIDGET_OPENED"
  | "PHOTO_UPLOADED"
  | "TRYON_GENERATED"
  | "TRYON_VIEWED"
  | "RESULT_SHARED"
  | "ADDED_TO_CART"
  | "CHECKOUT_STARTED"
  | "CLOSED";

/** What each event carries; on `window` their names start with `genvoris:`. */
export interface Events {
  open: { product: Product };
  close: { product: Product };
  /** Cancellable: then the widget closes and shows no log-in screen of its own. */
  login: { login_url: string | null };
  /** Cancellable: then the widget closes and shows no paywall of its own. */
  quota: {
    reason: string | null;
    used: number | null;
    limit: number | null;
    paywall: Paywall;
  };
  "tryon-completed": { id: string; image_url: string | null; product: Product };
  /** Cancellable: then the shop's own button is not pressed. */
  "add-to-cart": { id: string; image_url: string; product: Product };
  analytics: {
    sessionId: string;
    eventType: AnalyticsType;
    productId?: string;
    productTitle?: string;
    pageUrl?: string;
    metadata?: Record<string, string | number | boolean>;
  };
}

/** `window.Genvoris`, also `window.VTOWidget`. */
export interface GenvorisApi {
  readonly version: string;
  open(options?: TryOnOptions): void;
  /** The same as `open`. */
  openTryOn(options?: TryOnOptions): void;
  close(): void;
  /** Opens again where a paywall or log-in interrupted the shopper. */
  resume(): void;
  update(settings: Settings): void;
  /** Listens to an event; gives a function that stops it. */
  on<Name extends keyof Events>(
    name: Name,
    handler: (event: CustomEvent<Events[Name]>) => void,
  ): () => void;
  /** Takes the widget off the page, with all that it listens to. */
  destroy(): void;
  /** Takes calls as `["open", {…}]`, which an array can hold before the widget has loaded. */
  push(...calls: GenvorisCall[]): void;
}

export type GenvorisCall = {
  [Name in "open" | "openTryOn" | "close" | "resume" | "update" | "on" | "destroy"]: [
    Name,
    ...Parameters<GenvorisApi[Name]>,
  ];
}["open" | "openTryOn" | "close" | "resume" | "update" | "on" | "destroy"];

type Prefixed = { [Name in keyof Events as `genvoris:${Name}`]: CustomEvent<Events[Name]> };

declare global {
  interface Window {
    Genvoris?: GenvorisApi | undefined;
    VTOWidget?: GenvorisApi | undefined;
  }
  interface WindowEventMap extends Prefixed {}
}
