// This tab's storage, which may be full or disabled.

/** What the shopper was doing before leaving for the plans or the log-in page. */
export const RESUME_KEY = "genvoris:kept";
/** The running job. */
export const JOB_KEY = "genvoris:job";
/** Set while pictures may be kept on this device; in the local storage. */
export const KEPT_KEY = "genvoris:pictures";
/** The visit's random id. */
export const SESSION_KEY = "genvoris:session";

type Kind = "session" | "local";

export function readText(key: string, kind: Kind = "session"): string | null {
  try {
    return window[`${kind}Storage`].getItem(key);
  } catch {
    return null;
  }
}

/** Store a text; null removes it. Return false if nothing could be stored. */
export function writeText(key: string, text: string | null, kind: Kind = "session"): boolean {
  try {
    const storage = window[`${kind}Storage`];
    if (text === null) storage.removeItem(key);
    else storage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** Return an object that was stored as JSON; null if there is none. */
export function readJson<Value extends object>(key: string): Value | null {
  try {
    const value: unknown = JSON.parse(readText(key) ?? "null");
    return value && typeof value === "object" ? (value as Value) : null;
  } catch {
    writeText(key, null);
    return null;
  }
}
