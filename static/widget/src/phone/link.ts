// The link's requests to the shop (docs/http.md).

import { t } from "../locales/strings";

const TIMEOUT = 120_000;

/** Why a request failed, as a sentence for the shopper. */
export class LinkError extends Error {
  constructor(
    message: string,
    /** Whether nothing more can be sent with this link. */
    readonly over: boolean,
  ) {
    super(message);
  }
}

export class Link {
  constructor(
    private readonly apiUrl: string,
    private readonly token: string,
    private readonly language: string,
  ) {}

  /** Tell the dialog on the computer that the phone has opened the link. */
  connect(): Promise<void> {
    return this.#post("connect");
  }

  send(photo: Blob): Promise<void> {
    return this.#post("photo", photo);
  }

  async #post(path: string, body?: Blob): Promise<void> {
    let response: Response;
    try {
      response = await fetch(`${this.apiUrl}/phone/${path}`, {
        method: "POST",
        credentials: "omit",
        headers: {
          "Accept-Language": this.language,
          // In a header, since servers and proxies log URLs.
          Authorization: `Bearer ${this.token}`,
        },
        body: body ?? null,
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      throw new LinkError(t("offline"), false);
    }
    if (response.ok) return;
    const { detail } = await response.json().catch(() => ({}));
    throw new LinkError(typeof detail === "string" ? detail : t("failed"), response.status === 410);
  }
}
