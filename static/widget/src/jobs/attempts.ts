// Remembers in this tab what was tried on with which photo: making it again would be charged again.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { readJson, writeText } from "../widget/storage";
import { randomId } from "./random-id";

/** A photo that was submitted for a product. */
export interface Attempt {
  /** The idempotency key: trying again reuses it, so that the backend finds what it has made. */
  key: string;
  /** The job, once the backend has told its id. */
  id?: string;
  /** Whether the picture was made. */
  done?: boolean;
  /** Whether a picture may have been charged under this key. */
  mayBeCharged?: boolean;
}

const KEY = "genvoris:attempts";
const MAX_ATTEMPTS = 50;
// Used where the tab's storage is full or disabled.
let attempts: Record<string, Attempt> = {};
// Names of photos without a digest, which last as long as the page.
const ids = new WeakMap<Blob, string>();

/** Return the name of an attempt, which contains nothing of the photo itself. */
export function attemptName({ id, image, variant }: Product, photo: Photo): string {
  return JSON.stringify([photoId(photo), id, image, variant]);
}

function photoId({ digest, blob }: Photo): string {
  const known = digest ?? ids.get(blob) ?? randomId();
  ids.set(blob, known);
  return known;
}

export const readAttempt = (name: string): Attempt | undefined => readAll()[name];

/** Remember an attempt as the latest one; null forgets it. */
export function saveAttempt(name: string, attempt: Attempt | null): void {
  const { [name]: _, ...others } = readAll();
  const entries = Object.entries(attempt ? { ...others, [name]: attempt } : others);
  attempts = Object.fromEntries(entries.slice(-MAX_ATTEMPTS));
  writeText(KEY, JSON.stringify(attempts));
}

export function updateAttempt(name: string, changes: Partial<Attempt>): void {
  const attempt = readAttempt(name);
  if (attempt) saveAttempt(name, { ...attempt, ...changes });
}

/** Return the name of the attempt that a job belongs to. */
export function findAttempt(jobId: string): string | undefined {
  return Object.entries(readAll()).find(([, { id }]) => id === jobId)?.[0];
}

export function clearAttempts(): void {
  attempts = {};
  writeText(KEY, null);
}

const readAll = () => readJson<Record<string, Attempt>>(KEY) ?? attempts;
