// Loads the other files when they are likely to be wanted.

declare const __FILES__: Record<string, string>;

/** Each file's SHA-256 in base64, from the build. */
export const FILES = __FILES__;

/** Gives the page's language, if the widget speaks it, else English. */
export function languageOf(wanted: string | undefined): string {
  const code = (wanted || document.documentElement.lang).slice(0, 2).toLowerCase();
  return FILES[`locale-${code}`] ? code : "en";
}

/** Adds a file to the page: under its hashed name, else under its plain one. */
export function loadFile(
  folder: string,
  name: string,
  integrity: string,
  nonce: string,
): Promise<void> {
  const add = (file: string) =>
    new Promise<void>((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${folder}/${file}.js`;
      script.integrity = `sha256-${integrity}`;
      script.crossOrigin = "anonymous";
      script.nonce = nonce;
      script.onload = () => resolve();
      script.onerror = () => {
        script.remove();
        reject(`Genvoris: ${script.src} could not be loaded.`);
      };
      document.head.append(script);
    });
  // The hashed name has the digest's first six bytes, in hex.
  const hash = Array.from(atob(integrity.slice(0, 8)), (byte) =>
    byte.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
  return add(`${name}-${hash}`).catch(() => add(name));
}
