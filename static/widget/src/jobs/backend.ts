// Speaks to the shop's backend.

import { spoken, t } from "../locales/strings";
import type { Product } from "../widget/public";
import type { Job, Problem, Status } from "./models";
import { nameOf } from "./product";

const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 120_000;
const LONGEST_RETRY_AFTER = 15;
const MOST_IMAGES = 8;

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.error);
  }
}

export class Backend {
  constructor(
    private readonly url: () => string,
    private readonly sessionId: () => string,
  ) {}

  status(product: Product): Promise<Status> {
    return this.#call("GET", `/status?${new URLSearchParams(fieldsOf(product))}`);
  }

  /** Asks for a token; see Tokens. */
  session(): Promise<{ token: string | null }> {
    return this.#call("POST", "/session");
  }

  start(product: Product, photo: Blob, token: string | null, key: string): Promise<Job> {
    const form = new FormData();
    form.set("photo", photo, "photo");
    // A product that an earlier version has kept in this tab knows of one picture.
    for (const image of (product.images ?? [product.image]).slice(0, MOST_IMAGES)) {
      form.append("product_image", image);
    }
    form.set("product_category", product.category);
    for (const [name, value] of Object.entries(fieldsOf(product))) form.set(name, value);
    const session = this.sessionId();
    if (session) form.set("session_id", session);
    const headers: Record<string, string> = { "Idempotency-Key": key };
    if (token) headers.Authorization = `Bearer ${token}`;
    return this.#call("POST", "/tryons", { body: form, headers }, UPLOAD_TIMEOUT);
  }

  job(id: string): Promise<Job> {
    return this.#call("GET", `/tryons/${encodeURIComponent(id)}`);
  }

  /** Cancels or deletes a job, with its picture; one that is not there any more is well deleted. */
  async remove(id: string): Promise<void> {
    try {
      await this.#call("DELETE", `/tryons/${encodeURIComponent(id)}`, { keepalive: true });
    } catch (error) {
      if (!(error instanceof ProblemError && error.problem.status === 404)) throw error;
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
      const response = await fetch(this.url() + path, {
        ...init,
        method,
        headers: { ...init.headers, "Accept-Language": spoken() },
        credentials: "same-origin",
        signal: abort.signal,
      });
      const body = await response.json().catch(() => ({}));
      if (response.ok) return body as T;
      const problem = readProblem(response.status, body);
      const wait = Number(response.headers.get("Retry-After"));
      if (wait > 0 && wait <= LONGEST_RETRY_AFTER) problem.retryAfter = wait;
      throw new ProblemError(problem);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw new ProblemError(fault(abort.signal.aborted ? "slow" : "offline"));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Gives a fault that nobody but the widget can tell of. */
export function fault(error: "slow" | "offline" | "failed" | "noProduct"): Problem {
  return { status: 0, error, detail: t(error) };
}

/** Reads a refusal in whatever words it comes: a proxy in between may send HTML. */
export function readProblem(status: number, body: Partial<Problem>): Problem {
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
    product_title: nameOf(product),
    page_url: product.page || location.href.replace(/#.*/, ""),
  };
}
