// Recognizes files by their content.

/** Return a digest of a file; undefined on pages without https, where browsers compute none. */
export async function digestOf(file: Blob): Promise<string | undefined> {
  if (!crypto.subtle) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
