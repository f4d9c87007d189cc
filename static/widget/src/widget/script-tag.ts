// Finds the script tag that has loaded the widget, and reads its settings.

import { doc, globalOf } from "./page";
import type { Settings } from "./public";

const TAG_SELECTOR = "script[data-api-url],script[data-end-customer-token]";

/** Where the widget was loaded from, and with which settings. */
export interface StartOptions {
  /** Where the widget's other files are. */
  folder: string;
  nonce: string;
  settings: Settings;
}

interface Config extends Settings {
  apiProxyBase?: string;
}

/** Read the script tag and `window.genvorisConfig`; undefined without either. */
export function readStartOptions(): StartOptions | undefined {
  const tag = findTag();
  const { apiProxyBase: apiUrl, ...rest } = (globalOf("genvorisConfig") ?? {}) as Config;
  // Attributes are text where `update` takes lists or numbers; the dialog parses both.
  const settings = { ...rest, ...(apiUrl && { apiUrl }), ...tag?.dataset } as Settings;
  const folder = tag?.src.replace(/[?#].*/, "").replace(/\/[^/]*$/, "") || settings.apiUrl;
  return folder ? { folder, nonce: tag?.nonce ?? "", settings } : undefined;
}

/**
 * Find the widget's tag.
 *
 * The browser names no current script for modules and `import()`, and another script where that
 * evaluates this one. Then the tag's attributes or its file name tell.
 */
function findTag(): HTMLScriptElement | undefined {
  const current = doc.currentScript;
  const named = doc.querySelectorAll("script[src]");
  return [current, ...doc.querySelectorAll(TAG_SELECTOR), ...named, current].find(
    (script, index, { length }): script is HTMLScriptElement =>
      script instanceof HTMLScriptElement &&
      (script.matches(TAG_SELECTOR) ||
        /\/widget(-\w{12})?\.js/.test(script.src) ||
        (index === length - 1 && Boolean(script.src))),
  );
}
