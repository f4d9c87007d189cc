// Reports what shoppers do to the page and, in batches, to the backend; never a photo or a token.

import { randomId } from "../jobs/random-id";
import { doc } from "../widget/page";
import type { AnalyticsType, Events, Product, Settings } from "../widget/public";
import { readText, SESSION_KEY, writeText } from "../widget/storage";
import { CHECKOUT_SELECTOR } from "../widget/triggers";
import { emit } from "./page-events";

const BATCH_MS = 2000;
const MAX_BATCH = 50;

type Event = Events["analytics"];

/** Whether the shopper refuses tracking, by Do Not Track or Global Privacy Control. */
export function isTrackingRefused(browser: object = navigator): boolean {
  const { doNotTrack, globalPrivacyControl } = browser as Record<string, unknown>;
  return doNotTrack === "1" || globalPrivacyControl === true;
}

export class Tracker {
  #queue: Event[] = [];
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
        const { closest } = Element.prototype; // a form's may be a field of that name
        if (target instanceof Element && closest.call(target, CHECKOUT_SELECTOR)) {
          this.track("CHECKOUT_STARTED");
        }
      },
      { signal, capture: true },
    );
  }

  /** Return the visit's random id; empty if tracking is refused. */
  sessionId(): string {
    if (isTrackingRefused()) return "";
    this.#id ||= readText(SESSION_KEY) || randomId();
    writeText(SESSION_KEY, this.#id);
    return this.#id;
  }

  track(eventType: AnalyticsType, product?: Product, metadata: Event["metadata"] = {}): void {
    if (isTrackingRefused()) return;
    // Without its query, which may contain private data.
    const pageUrl = location.origin + location.pathname;
    const event: Event = { sessionId: this.sessionId(), eventType, pageUrl, metadata };
    if (product?.id) event.productId = product.id;
    if (product?.title) event.productTitle = product.title;
    emit("analytics", event);
    this.#queue.push(event);
    if (this.#queue.length >= MAX_BATCH) this.#flush();
    this.#timer ||= window.setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const events = this.#queue.splice(0);
    const url = this.settings.eventsUrl;
    if (!events.length || !url) return;
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ events });
    // Kept alive, since the page may be going away. Lost events are not retried.
    const init: RequestInit = { method: "POST", credentials: "same-origin", keepalive: true };
    fetch(url, { ...init, headers, body }).catch(() => {});
  }
}
