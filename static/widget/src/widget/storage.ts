// This tab's storage, which may be full, or switched off altogether.

export function read(key: string, storage: "session" | "local" = "session"): string | null {
  try {
    return window[`${storage}Storage`].getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text; null removes it. False: nothing could be kept. */
export function write(
  key: string,
  text: string | null,
  storage: "session" | "local" = "session",
): boolean {
  try {
    const store = window[`${storage}Storage`];
    if (text === null) store.removeItem(key);
    else store.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** Gives an object that was kept as JSON; nothing when it is none. */
export function readObject<Kind extends object>(key: string): Kind | null {
  try {
    const value: unknown = JSON.parse(read(key) ?? "null");
    return value && typeof value === "object" ? (value as Kind) : null;
  } catch {
    write(key, null);
    return null;
  }
}

/** In this tab: what the shopper left for the plans or the log-in page. */
export const KEPT_KEY = "genvoris:kept";
/** In this tab: a job that runs. */
export const JOB_KEY = "genvoris:job";
/** In this tab: the random id of the visit. */
export const SESSION_KEY = "genvoris:session";
