// Speaks to the shop's backend.

import type { Product } from "./shared";
import { strings } from "./strings";
import type { Job, Problem, Status } from "./types";

const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 120_000;
const LONGEST_RETRY_AFTER = 15;

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.error);
  }
}

export class Backend {
  constructor(private readonly url: string) {}

  status(product: Product): Promise<Status> {
    const query = new URLSearchParams({
      product_id: product.id,
      product_title: product.title,
      page_url: product.page || pageUrl(),
    });
    return this.call<Status>("GET", `/status?${query}`);
  }

  /** Asks for a token; see Tokens. */
  session(): Promise<{ token: string | null; expires_at: number | null }> {
    return this.call("POST", "/session");
  }

  start(product: Product, photo: Blob, token: string | null, key: string): Promise<Job> {
    const form = new FormData();
    form.set("photo", photo, "photo");
    form.set("product_image", product.image);
    form.set("product_title", product.title);
    form.set("product_id", product.id);
    form.set("product_category", product.category);
    form.set("page_url", product.page || pageUrl());
    const headers: Record<string, string> = { "Idempotency-Key": key };
    if (token) headers.Authorization = `Bearer ${token}`;
    return this.call<Job>("POST", "/tryons", { body: form, headers }, UPLOAD_TIMEOUT);
  }

  job(id: string): Promise<Job> {
    return this.call<Job>("GET", `/tryons/${encodeURIComponent(id)}`);
  }

  /** Cancels or forgets a job. Its answer is of no use to a page that may be going away. */
  forget(id: string): void {
    const url = `${this.url}/tryons/${encodeURIComponent(id)}`;
    fetch(url, { method: "DELETE", credentials: "same-origin", keepalive: true }).catch(() => {});
  }

  private async call<T>(
    method: string,
    path: string,
    init: RequestInit = {},
    timeout = TIMEOUT,
  ): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    try {
      const response = await fetch(this.url + path, {
        ...init,
        method,
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
      throw new ProblemError(
        abort.signal.aborted
          ? { status: 0, error: "slow", detail: strings.slow }
          : { status: 0, error: "offline", detail: strings.offline },
      );
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Reads a refusal in whatever words it comes: a proxy in between may send HTML. */
export function readProblem(status: number, body: Partial<Problem>): Problem {
  return {
    ...body,
    status,
    error: typeof body.error === "string" ? body.error : `http_${status}`,
    detail: typeof body.detail === "string" ? body.detail : strings.failed,
  };
}

function pageUrl(): string {
  return location.href.split("#")[0] ?? "";
}
