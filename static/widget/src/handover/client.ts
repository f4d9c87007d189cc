// The dialog's side of a handover (docs/http.md, "POST handovers").

import { localProblem, ProblemError } from "../jobs/backend";
import type { Problem } from "../jobs/models";
import { language } from "../locales/strings";

const TIMEOUT = 30_000;

export type HandoverState = "waiting" | "connected" | "sent" | "taken";

export interface OpenHandover {
  id: string;
  state: HandoverState;
  url: string;
}

export class HandoverClient {
  constructor(private readonly config: { readonly apiUrl: string }) {}

  async open(): Promise<OpenHandover> {
    return (await this.#call("POST", "")).json();
  }

  async state(id: string): Promise<HandoverState> {
    return (await (await this.#call("GET", `/${id}`)).json()).state;
  }

  /** Return the photo, which the backend then forgets. */
  async take(id: string): Promise<Blob> {
    return (await this.#call("POST", `/${id}/photo`)).blob();
  }

  /** End the link; if that fails, it expires by itself. */
  close(id: string): void {
    this.#call("DELETE", `/${id}`, { keepalive: true }).catch(() => {});
  }

  async #call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.config.apiUrl}/handovers${path}`, {
        ...init,
        method,
        headers: { "Accept-Language": language() },
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      throw new ProblemError(localProblem("offline"));
    }
    if (response.ok) return response;
    const problem: Partial<Problem> = await response.json().catch(() => ({}));
    const { status } = response;
    throw new ProblemError({ ...localProblem("failed"), ...problem, status });
  }
}
