// Holds the shopper's session token and refreshes it before it expires, one request at a time.

// Seconds.
const MARGIN = 60;
const MIN_DELAY = 10;

export class TokenSource {
  #token: string | null = null;
  #refresh: Promise<string | null> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #inUse = false;

  constructor(
    private readonly fetchToken: () => Promise<string | null>,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {}

  /** Use a token from the page; null keeps the present one. */
  set(token: string | null): void {
    this.#token = token ?? this.#token;
  }

  /** Return a token that is valid for at least a minute; null for a guest, who needs none. */
  get(): Promise<string | null> {
    const fresh = this.#token && expiryOf(this.#token) - MARGIN > this.now();
    return fresh ? Promise.resolve(this.#token) : this.refresh();
  }

  refresh(): Promise<string | null> {
    this.#refresh ??= this.fetchToken()
      .then((token) => {
        this.#token = token;
        if (this.#inUse) this.startRefreshing();
        return token;
      })
      .finally(() => {
        this.#refresh = undefined;
      });
    return this.#refresh;
  }

  /** Refresh the token a minute before it expires, until `stopRefreshing`. */
  startRefreshing(): void {
    this.stopRefreshing();
    this.#inUse = true;
    const expiry = this.#token && expiryOf(this.#token);
    if (!expiry) return;
    const delay = Math.max(expiry - MARGIN - this.now(), MIN_DELAY);
    // A refresh that fails is reported by the next try-on.
    this.#timer = setTimeout(() => this.refresh().catch(() => {}), delay * 1000);
  }

  stopRefreshing(): void {
    this.#inUse = false;
    clearTimeout(this.#timer);
  }
}

/** Return when a token expires, in Unix seconds; 0 if it cannot be read, so that it is refreshed. */
export function expiryOf(token: string): number {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const expiry: unknown = JSON.parse(atob(payload)).exp;
    return typeof expiry === "number" ? expiry : 0;
  } catch {
    return 0;
  }
}
