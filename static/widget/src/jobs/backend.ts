// Client of the shop's backend (docs/http.md).

import { language, t } from "../locales/strings";
import type { Product } from "../widget/public";
import type { Job, Problem, Removal, Status } from "./models";
import { productName } from "./product";

const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 120_000;
const MAX_RETRY_AFTER = 15;
const MAX_IMAGES = 8;

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.error);
  }
}

export class Backend {
  constructor(
    private readonly config: { readonly apiUrl: string },
    private readonly visit: { sessionId(): string },
  ) {}

  status(product: Product): Promise<Status> {
    return this.#call("GET", `/status?${new URLSearchParams(fieldsOf(product))}`);
  }

  /** Request a session token. */
  session(): Promise<{ token: string | null }> {
    return this.#call("POST", "/session");
  }

  start(product: Product, photo: Blob, token: string | null, key: string): Promise<Job> {
    const form = new FormData();
    form.set("photo", photo, "photo");
    // An earlier version may have stored the product, with a single picture.
    for (const image of (product.images ?? [product.image]).slice(0, MAX_IMAGES)) {
      form.append("product_image", image);
    }
    form.set("product_category", product.category);
    for (const [name, value] of Object.entries(fieldsOf(product))) form.set(name, value);
    const session = this.visit.sessionId();
    if (session) form.set("session_id", session);
    const headers: Record<string, string> = { "Idempotency-Key": key };
    if (token) headers.Authorization = `Bearer ${token}`;
    return this.#call("POST", "/tryons", { body: form, headers }, UPLOAD_TIMEOUT);
  }

  job(id: string): Promise<Job> {
    // A shop's service worker may answer from its cache what has been asked before.
    return this.#call("GET", `/tryons/${encodeURIComponent(id)}?at=${Date.now()}`);
  }

  /** Cancel a job or delete it with its picture; one that no longer exists counts as deleted. */
  async remove(id: string): Promise<Removal> {
    const path = `/tryons/${encodeURIComponent(id)}`;
    try {
      return (await this.#call<{ outcome: Removal }>("DELETE", path, { keepalive: true })).outcome;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 404) return "deleted";
      throw error;
    }
  }

  async #call<T>(
    method: string,
    path: string,
    init: RequestInit = {},
    timeout = TIMEOUT,
  ): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    try {
      const response = await fetch(this.config.apiUrl + path, {
        ...init,
        method,
        headers: { ...init.headers, "Accept-Language": language() },
        credentials: "same-origin",
        signal: abort.signal,
      });
      const body = await response.json().catch(() => ({}));
      if (response.ok) return body as T;
      const problem = parseProblem(response.status, body);
      const wait = Number(response.headers.get("Retry-After"));
      if (wait > 0 && wait <= MAX_RETRY_AFTER) problem.retryAfter = wait;
      throw new ProblemError(problem);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw new ProblemError(localProblem(abort.signal.aborted ? "slow" : "offline"));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Return a problem that the widget itself has noticed. */
export function localProblem(error: "slow" | "offline" | "failed" | "noProduct"): Problem {
  return { status: 0, error, detail: t(error) };
}

/** Parse an error response, which may come from a proxy and lack everything. */
export function parseProblem(status: number, body: Partial<Problem>): Problem {
  return {
    ...body,
    status,
    error: typeof body.error === "string" ? body.error : `http_${status}`,
    detail: typeof body.detail === "string" ? body.detail : t("failed"),
  };
}

function fieldsOf(product: Product): Record<string, string> {
  return {
    product_id: product.id,
    product_title: productName(product),
    page_url: product.page || location.href.replace(/#.*/, ""),
  };
}
