// Holds the shopper's token and renews it before its end, with one request at a time.

const MARGIN = 60;
const SOONEST = 10;

export class Tokens {
  #token: string | null = null;
  #renewal: Promise<string | null> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #used = false;

  constructor(
    private readonly ask: () => Promise<string | null>,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {}

  /** Takes a token from the page; null leaves what is there. */
  set(token: string | null): void {
    this.#token = token ?? this.#token;
  }

  /** Gives a token with over a minute left; null for a guest, who needs none. */
  get(): Promise<string | null> {
    const fresh = this.#token && endOf(this.#token) - MARGIN > this.now();
    return fresh ? Promise.resolve(this.#token) : this.renew();
  }

  renew(): Promise<string | null> {
    this.#renewal ??= this.ask()
      .then((token) => {
        this.#token = token;
        if (this.#used) this.keepFresh();
        return token;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  /** Renews the token a minute before its end for as long as the dialog is used. */
  keepFresh(): void {
    this.rest();
    this.#used = true;
    const end = this.#token && endOf(this.#token);
    if (!end) return; // nobody can tell when
    const left = Math.max(end - MARGIN - this.now(), SOONEST);
    // A try-on says by itself what is wrong; here nobody has asked yet.
    const renew = () => this.renew().catch(() => {});
    this.#timer = setTimeout(renew, left * 1000);
  }

  rest(): void {
    this.#used = false;
    clearTimeout(this.#timer);
  }
}

/** Reads a token's end in Unix seconds; 0 when it cannot be read, so that it is renewed. */
export function endOf(token: string): number {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const end: unknown = JSON.parse(atob(payload)).exp;
    return typeof end === "number" ? end : 0;
  } catch {
    return 0;
  }
}
