// Loads the other files when they are likely to be wanted.

import type { FileId } from "./shared";

declare const __FILES__: Record<string, FileId>;

/** Each file's hash and integrity, from the build. */
export const FILES = __FILES__;

/** Gives the page's language, if the widget speaks it, else English. */
export function languageOf(wanted: string | undefined): string {
  const page = wanted || document.documentElement.lang;
  const code = page.toLowerCase().split(/[-_]/)[0];
  return FILES[`locale-${code}`] ? `${code}` : "en";
}

/** Adds a file to the page: under its hashed name, else under its plain one. */
export function loadFile(
  folder: string,
  name: string,
  [hash, integrity]: FileId,
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
  return add(`${name}-${hash}`).catch(() => add(name));
}
