// Random ids, for visits and idempotency keys.

/** Return a random id of 128 bits or a little less. */
export function randomId(): string {
  // randomUUID is missing on pages without https.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
