// Keeps a photo in this tab while the shopper is at the plans or the log-in page, if they wish.

import { KEPT_KEY, type Product } from "./shared";

const LONGEST = 30 * 60 * 1000;

export interface Kept {
  at: number;
  path: string;
  product: Product;
  photo: string | null;
}

/** Keeps product and photo for this page; a full or forbidden storage keeps nothing. */
export async function keep(product: Product, photo: Blob | null): Promise<void> {
  const kept: Kept = {
    at: Date.now(),
    path: location.pathname,
    product,
    photo: photo && (await toDataUrl(photo)),
  };
  try {
    sessionStorage.setItem(KEPT_KEY, JSON.stringify(kept));
  } catch {
    forgetKept();
  }
}

/** Gives what was kept for this page, and removes it. */
export function takeKept(now = Date.now(), path = location.pathname): Kept | null {
  try {
    const kept: Kept | null = JSON.parse(sessionStorage.getItem(KEPT_KEY) ?? "null");
    if (!kept || typeof kept !== "object") return null;
    const old = now - kept.at > LONGEST;
    if (old || kept.path === path) sessionStorage.removeItem(KEPT_KEY);
    return old || kept.path !== path ? null : kept;
  } catch {
    forgetKept();
    return null;
  }
}

export function forgetKept(): void {
  try {
    sessionStorage.removeItem(KEPT_KEY);
  } catch {
    // storage is switched off: then nothing was kept either
  }
}

/** Decodes a data URL by hand: a strict connect-src forbids fetching one. */
export function fromDataUrl(url: string): Blob {
  const [head = "", data = ""] = url.split(",");
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: /data:([^;]*)/.exec(head)?.[1] ?? "image/jpeg" });
}

function toDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
