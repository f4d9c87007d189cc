// The keys that pictures on this device are sealed with. They come with each page, stay in its
// memory, and cannot be read back by scripts.

export interface DeviceKey {
  /** Names the account without telling whose it is. */
  account: string;
  key: CryptoKey;
}

export interface DeviceKeys {
  /** The first one seals; the others open what a former secret of the shop has sealed. */
  keys: DeviceKey[];
  /** How long pictures are kept; 0 if they are not. */
  days: number;
}

const PURPOSE = "genvoris account:";

/** Ask the shop for the keys of whoever is shopping; null if nobody is logged in. */
export async function fetchDeviceKeys(apiUrl: string): Promise<DeviceKeys | null> {
  const request = { method: "POST", credentials: "same-origin" } as const;
  const response = await fetch(`${apiUrl}/device-keys`, request);
  if (!response.ok) return null;
  const { keys, days } = await response.json();
  return { keys: await Promise.all(keys.map(importKey)), days };
}

async function importKey(base64: string): Promise<DeviceKey> {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const named = new Uint8Array([...new TextEncoder().encode(PURPOSE), ...bytes]);
  const [key, digest] = await Promise.all([
    crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]),
    crypto.subtle.digest("SHA-256", named),
  ]);
  const account = Array.from(new Uint8Array(digest, 0, 16), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return { account, key };
}
