// Photos as text, for the tab's storage.

/** Decode a data URL by hand, since a strict connect-src forbids fetching it. */
export function fromDataUrl(url: string): Blob {
  const [head = "", data = ""] = url.split(",");
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: /data:([^;]*)/.exec(head)?.[1] ?? "image/jpeg" });
}

export function toDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
