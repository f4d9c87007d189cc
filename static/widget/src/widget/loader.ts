// Loads the widget's other files from the folder of widget.js.

import { doc } from "./page";

declare const __FILES__: Record<string, string>;

/** Each file's SHA-256 in base64, from the build. */
export const FILES = __FILES__;
const POLICY = Symbol.for("genvoris.policy");
/** A script in the widget's own folder, from which the shop serves nothing else. */
const FILE = /^\/[\w-]+\.js$/;

/** Return the page's language if the widget has it, else English. */
export function languageOf(wanted: string | undefined): string {
  const code = (wanted || doc.documentElement.lang).slice(0, 2).toLowerCase();
  return FILES[`locale-${code}`] ? code : "en";
}

/**
 * Add a file to the page, by its hashed name or else by its plain one.
 *
 * Both are tried twice, since a server with another version may answer during a deployment.
 * Without an integrity, the server's current file is loaded.
 */
export async function loadFile(
  folder: string,
  name: string,
  integrity: string,
  nonce: string,
): Promise<void> {
  // The hashed name has the digest's first six bytes, in hex.
  const hash = Array.from(atob(integrity.slice(0, 8)), (byte) =>
    byte.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
  const plain = `${folder}/${name}.js`;
  const hashed = `${folder}/${name}-${hash}.js`;
  for (const url of integrity ? [hashed, plain, hashed, plain] : [plain]) {
    if (await addScript(trusted(folder, url), integrity, nonce)) return;
  }
  throw `Genvoris: ${plain} could not be loaded.`;
}

function addScript(url: string, integrity: string, nonce: string): Promise<boolean> {
  const script = doc.createElement("script");
  script.src = url;
  if (integrity) script.integrity = `sha256-${integrity}`;
  script.crossOrigin = "anonymous";
  script.nonce = nonce;
  return new Promise((resolve) => {
    script.onload = () => resolve(true);
    script.onerror = () => {
      script.remove();
      resolve(false);
    };
    doc.head.append(script);
  });
}

interface Policy {
  createScriptURL(url: string): string;
}
type Page = { trustedTypes?: { createPolicy?(name: string, rules: Policy): Policy } } & {
  [POLICY]?: Policy | undefined;
};

/** Pass one of the widget's own URLs through the Trusted Types policy `genvoris`. */
function trusted(folder: string, address: string): string {
  const page = window as Page;
  const createScriptURL = (url: string) => {
    const file = url.startsWith(folder) ? url.slice(folder.length) : "";
    if (!FILE.test(file)) throw url;
    return url;
  };
  try {
    // A page may forbid a second policy of the same name, so later copies of the widget share it.
    page[POLICY] ??= page.trustedTypes?.createPolicy?.("genvoris", { createScriptURL });
  } catch {
    // The page allows only other policies; its default one may accept the URL.
  }
  return page[POLICY]?.createScriptURL(address) ?? address;
}
