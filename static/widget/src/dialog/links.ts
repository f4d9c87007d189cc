// Links out of the dialog.

const SCHEMES = ["http:", "https:", "mailto:", "tel:"];

/** Return a URL that is safe to link to; null for one that would run as a script. */
export function linkOf(url: string | null | undefined): string | null {
  try {
    return url && SCHEMES.includes(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}
