// Why a picture cannot be had, and what is shown in its place.

import { t } from "../../locales/strings";
import { type Child, el, icon } from "../dom";

/** The server has deleted it, cannot be reached, or cannot send it now. */
export type Absence = "gone" | "offline" | "failed";

export class AbsenceError extends Error {
  constructor(readonly why: Absence) {
    super(why);
  }
}

/** Fetch a picture of this shop; throw an AbsenceError that says why it cannot be had. */
export async function fetchPicture(url: string, method = "GET"): Promise<Blob> {
  const response = await fetch(url, { method, credentials: "same-origin" }).catch(() => null);
  if (!response) throw new AbsenceError("offline");
  const { ok, status } = response;
  if (!ok) throw new AbsenceError(status === 404 || status === 410 ? "gone" : "failed");
  return response.blob();
}

export function reasonOf(error: unknown): Absence {
  return error instanceof AbsenceError ? error.why : "failed";
}

/** Say in words why a picture cannot be had. */
export function explain(why: Absence): string {
  return t(why === "gone" ? "goneText" : why);
}

const PICTURE = "M4 5h16v14H4zM4 16.5l5-5 4 4 2.5-2.5 4.5 4.5M15 9.2h.01";

/** Return what stands in place of a picture; without a text for it, it is decoration. */
export function placeholder(alt: string, ...more: Child[]): HTMLElement {
  const named = { role: "img", "aria-label": alt };
  const picture = el("span", alt ? named : { "aria-hidden": "true" }, icon(PICTURE));
  picture.className = "missing";
  picture.append(...more.filter((each): each is Node => Boolean(each)));
  return picture;
}
