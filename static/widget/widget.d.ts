/** Another size or colour of a product. Omitted fields default to the product's. */
export interface Variant {
    label: string;
    id?: string;
    image?: string;
}
/** Another product to wear with one. */
export interface Pair {
    image: string;
    title: string;
    id?: string;
    category?: string;
    page_url?: string;
}
/** A product, as events contain it. */
export interface Product {
    image: string;
    /** All pictures of the product; the first is `image`. */
    images: string[];
    title: string;
    id: string;
    /** apparel, home, object or other; empty when unknown. */
    category: string;
    /** URL of the product's page; empty for the current page. */
    page: string;
    /** Label of the variant selected in the dialog; empty for the product itself. */
    variant: string;
    variants: Variant[];
    pairs?: Pair[];
    /** The products of an outfit that are worn already, the first one first. */
    outfit?: Product[];
}
/** Options of `open`. */
export interface TryOnOptions {
    /** The product's pictures; the first is shown. */
    productImages?: string | string[];
    /** Its name, as shoppers read it. */
    productTitle?: string;
    /** The shop's own id of it. */
    productId?: string;
    /** apparel, home, object or other. */
    productCategory?: string;
    /** Other sizes or colours of it. */
    productVariants?: Variant[];
    /** Other products to wear with it. */
    productPairs?: Pair[];
    /** Its page; defaults to the current one. */
    page_url?: string;
    /** The shopper's session token, instead of the page's. */
    token?: string;
}
/** A photo for shoppers who do not want to use their own. */
export interface SamplePhoto {
    src: string;
    alt?: string;
}
/** A sentence, or its plural forms by the categories of Intl.PluralRules. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;
/** Sentences by their keys, in all languages or below a language's code in that one. */
export type Strings = Record<string, Text | Record<string, Text>>;
/** The script tag's data attributes in camel case, also accepted by `update`. */
export interface Settings {
    /** Where the shop's backend is, such as /genvoris. */
    apiUrl?: string;
    /** Where analytics events are sent. */
    eventsUrl?: string;
    /** The shopper's session token; without one, the backend is asked. */
    token?: string | null;
    /** Called for a token, instead of the backend. */
    getToken?: () => Promise<string | null>;
    /** en, ar, fr, de, es or ur; defaults to the page's language. */
    language?: string;
    /** The shop's log-in page. */
    loginUrl?: string;
    /** Where shoppers can tell the shop about a failure: a page, or a mailto or tel address. */
    supportUrl?: string;
    /** The shop's privacy policy, which the photo screen links to. */
    privacyUrl?: string;
    /** Consent is required again when it changes; defaults to the policy's URL. */
    privacyVersion?: string;
    /** The largest photo that the backend accepts. */
    maxUploadBytes?: number;
    /** The shop's name; defaults to the page's host. */
    shopName?: string;
    /** Whether the shop makes the pictures itself; defaults to false: Genvoris does. */
    ownEngine?: boolean;
    /** How long the backend keeps a picture; the photo screen then says so. */
    resultSeconds?: number;
    /** Whether the backend lets a phone take the photo; defaults to false. */
    phoneHandover?: boolean;
    /** Whether the backend accepts HEIC pictures; defaults to true. */
    heic?: boolean;
    /** Photos to try on with, for shoppers who don't want to use their own. */
    samplePhotos?: SamplePhoto[];
    /** CSS selector of the shop's own button, which “Add to cart” presses. */
    addToCart?: string;
    /** The shop's own wordings, by their keys: `{title: "…"}`, or `{de: {title: "…"}}`. */
    strings?: Strings;
    /** Whether to take colours, font and corners from the page; defaults to true. */
    autoStyle?: boolean;
    /** Any CSS colour; defaults to the page's. */
    primaryColor?: string;
    /** Any CSS colour; defaults to the page's. */
    accentColor?: string;
    /** Any CSS colour; defaults to the page's. */
    backgroundColor?: string;
    /** Any CSS colour; defaults to the page's. */
    textColor?: string;
    /** As in CSS. */
    fontFamily?: string;
    /** In px. */
    borderRadius?: number;
    /** 0 if no pictures are kept on the device. */
    keepPicturesDays?: number;
}
export interface Paywall {
    kind: "offer" | "account" | "unavailable";
    title: string;
    message: string;
    action_label: string | null;
    action_url: string | null;
    /** Every way to go on, the most likely first; earlier backends send none. */
    options?: PaywallOption[];
}
/** One way to go on. */
export interface PaywallOption {
    /** subscribe, checkout, order, wait, log_in, or a word of the shop's own. */
    kind: string;
    title: string;
    price: string | null;
    url: string | null;
    tryOns: number | null;
    /** An ISO time: when it takes effect. */
    at: string | null;
}
/** Types of analytics events. */
export type AnalyticsType = "WIDGET_OPENED" | "PHOTO_UPLOADED" | "TRYON_GENERATED" | "TRYON_VIEWED" | "RESULT_SHARED" | "ADDED_TO_CART" | "CHECKOUT_STARTED" | "TRYON_RATED" | "PAYWALL_SHOWN" | "PAYWALL_TAKEN" | "CLOSED";
/** The events' details. On `window`, event names start with `genvoris:`. */
export interface Events {
    /** The dialog has opened. */
    open: {
        product: Product;
    };
    /** The dialog has closed. */
    close: {
        product: Product;
    };
    /** If canceled, the widget closes without its log-in screen. */
    login: {
        login_url: string | null;
    };
    /** If canceled, the widget closes without its paywall. */
    quota: {
        reason: string | null;
        used: number | null;
        limit: number | null;
        paywall: Paywall;
    };
    /** A picture is ready. */
    "tryon-completed": {
        id: string;
        image_url: string | null;
        product: Product;
    };
    /** If canceled, the shop's own button is not pressed. */
    "add-to-cart": {
        /** Empty if several pictures are chosen. */
        id: string;
        /** Empty for pictures kept on the device. */
        image_url: string;
        product: Product;
        /** All products of the outfit, or of all chosen pictures; the last one is `product`. */
        products: Product[];
    };
    /** Something was recorded for the shop's statistics. */
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
    /** The widget's version. */
    readonly version: string;
    /** Open the dialog; without options, for the page's product. */
    open(options?: TryOnOptions): void;
    /** An alias of `open`. */
    openTryOn(options?: TryOnOptions): void;
    /** Open the overview of what was tried on, from the pictures on this device. */
    openFittingRoom(): void;
    /** Close the dialog; a running try-on goes on. */
    close(): void;
    /** Open the dialog again where a paywall or log-in has interrupted it. */
    resume(): void;
    /** Change settings of the tag. */
    update(settings: Settings): void;
    /** Add an event listener; return a function that removes it. */
    on<Name extends keyof Events>(name: Name, handler: (event: CustomEvent<Events[Name]>) => void): () => void;
    /** Remove the widget and all its listeners from the page. */
    destroy(): void;
    /** Make calls such as `["open", {…}]`, which an array can collect before the widget is loaded. */
    push(...calls: GenvorisCall[]): void;
}
export type GenvorisCall = {
    [Name in "open" | "openTryOn" | "openFittingRoom" | "close" | "resume" | "update" | "on" | "destroy"]: [Name, ...Parameters<GenvorisApi[Name]>];
}["open" | "openTryOn" | "openFittingRoom" | "close" | "resume" | "update" | "on" | "destroy"];
type Prefixed = {
    [Name in keyof Events as `genvoris:${Name}`]: CustomEvent<Events[Name]>;
};
declare global {
    interface Window {
        Genvoris?: GenvorisApi | undefined;
        VTOWidget?: GenvorisApi | undefined;
    }
    interface WindowEventMap extends Prefixed {
    }
}
export {};
