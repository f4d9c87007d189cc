// Finds the script tag that the widget was loaded by, and what the page says in its stead.

import { doc, globalOf } from "./page";
import type { Settings } from "./public";

const MARKS = "script[data-api-url],script[data-end-customer-token]";

/** What the widget starts from. */
export interface Start {
  /** Where the widget's other files are. */
  folder: string;
  nonce: string;
  settings: Settings;
}

interface Config extends Settings {
  apiProxyBase?: string;
}

/** Returns the settings of the script tag, or of `window.genvorisConfig`; nothing without either. */
export function readStart(): Start | undefined {
  const tag = findTag();
  const { apiProxyBase: apiUrl, ...rest } = (globalOf("genvorisConfig") ?? {}) as Config;
  // An attribute is a text where `update` takes a list or a number: the dialog reads both.
  const settings = { ...rest, ...(apiUrl && { apiUrl }), ...tag?.dataset } as Settings;
  const folder = tag?.src.replace(/[?#].*/, "").replace(/\/[^/]*$/, "") || settings.apiUrl;
  return folder ? { folder, nonce: tag?.nonce ?? "", settings } : undefined;
}

/**
 * Returns the tag by its marks where the browser names none, as for modules and `import()`, or
 * names another script, which evaluates this one.
 */
function findTag(): HTMLScriptElement | undefined {
  const current = doc.currentScript;
  const named = doc.querySelectorAll("script[src]");
  return [current, ...doc.querySelectorAll(MARKS), ...named, current].find(
    (script, index, { length }): script is HTMLScriptElement =>
      script instanceof HTMLScriptElement &&
      (script.matches(MARKS) ||
        /\/widget(-\w{12})?\.js/.test(script.src) ||
        (index === length - 1 && Boolean(script.src))),
  );
}
