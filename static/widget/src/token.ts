// Holds the shopper's token and renews it before its end, with one request at a time.

import type { Backend } from "./api";

const MARGIN = 60;

export class Tokens {
  private renewal: Promise<string | null> | undefined;

  constructor(
    private readonly backend: Pick<Backend, "session">,
    private token: string | null,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {}

  set(token: string): void {
    this.token = token;
  }

  /** Gives a token with over a minute left; null for a guest, who needs none. */
  get(): Promise<string | null> {
    const fresh = this.token && endOf(this.token) - MARGIN > this.now();
    return fresh ? Promise.resolve(this.token) : this.renew();
  }

  renew(): Promise<string | null> {
    this.renewal ??= this.backend
      .session()
      .then(({ token }) => {
        this.token = token;
        return token;
      })
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
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
