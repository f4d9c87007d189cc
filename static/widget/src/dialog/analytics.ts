// What shoppers do, told to the page and, in batches, to the backend. Never a photo or a token.

import { newKey } from "../jobs/random-id";
import { doc } from "../widget/page";
import type { AnalyticsType, Events, Product, Settings } from "../widget/public";
import { read, SESSION_KEY, write } from "../widget/storage";
import { CHECKOUT } from "../widget/triggers";
import { tell } from "./page-events";

const BATCH_MS = 2000;
const MOST_IN_BATCH = 50;

type Event = Events["analytics"];

/** Says whether the shopper asked not to be followed, by Do Not Track or Global Privacy Control. */
export function wantsPrivacy(browser: object = navigator): boolean {
  const { doNotTrack, globalPrivacyControl } = browser as Record<string, unknown>;
  return doNotTrack === "1" || globalPrivacyControl === true;
}

export class Tracker {
  #waiting: Event[] = [];
  #timer = 0;
  #id = "";

  constructor(
    private readonly settings: Settings,
    signal: AbortSignal,
  ) {
    const flush = () => this.#flush();
    addEventListener("pagehide", flush, { signal });
    doc.addEventListener("visibilitychange", flush, { signal });
    addEventListener(
      "click",
      ({ target }) => {
        const { closest } = Element.prototype; // a form's own may be a field of that name
        if (target instanceof Element && closest.call(target, CHECKOUT)) {
          this.track("CHECKOUT_STARTED");
        }
      },
      { signal, capture: true },
    );
  }

  /** The visit's random id; empty for who does not want to be followed. */
  sessionId(): string {
    if (wantsPrivacy()) return "";
    this.#id ||= read(SESSION_KEY) || newKey();
    write(SESSION_KEY, this.#id);
    return this.#id;
  }

  track(eventType: AnalyticsType, product?: Product, metadata: Event["metadata"] = {}): void {
    if (wantsPrivacy()) return;
    // Without its query, which may hold what is nobody else's business.
    const pageUrl = location.origin + location.pathname;
    const event: Event = { sessionId: this.sessionId(), eventType, pageUrl, metadata };
    if (product?.id) event.productId = product.id;
    if (product?.title) event.productTitle = product.title;
    tell("analytics", event);
    this.#waiting.push(event);
    if (this.#waiting.length >= MOST_IN_BATCH) this.#flush();
    this.#timer ||= window.setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const events = this.#waiting.splice(0);
    const url = this.settings.eventsUrl;
    if (!events.length || !url) return;
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ events });
    // Kept alive, since the page may be going away. Whether it arrives is nobody's trouble.
    const init: RequestInit = { method: "POST", credentials: "same-origin", keepalive: true };
    fetch(url, { ...init, headers, body }).catch(() => {});
  }
}
