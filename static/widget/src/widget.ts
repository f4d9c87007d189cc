// Stage one: small, on every page. Finds triggers and fetches the dialog when it is wanted.

import { readConfig } from "./config";
import { loadDialog } from "./loader";
import { type Dialog, KEPT_KEY, type MakeDialog, type PublicApi, VERSION } from "./shared";
import { fromOptions, listen } from "./triggers";

function start(tag: HTMLScriptElement): void {
  const folder = tag.src.replace(/\/[^/]*$/, "");
  const config = readConfig(tag.dataset, tag.src);
  const nonce = tag.nonce ?? "";
  let dialog: Dialog | undefined;
  let loading: Promise<void> | undefined;
  // Only the last wish counts: two dialogs at once would help nobody.
  let wish: ((dialog: Dialog) => void) | undefined;

  function load(): void {
    if (loading) return;
    loading = loadDialog(folder, nonce).catch((error: Error) => {
      loading = undefined; // the next click tries again
      wish = undefined;
      console.error(error.message);
    });
  }

  function whenLoaded(act: (dialog: Dialog) => void): void {
    if (dialog) {
      act(dialog);
    } else {
      wish = act;
      load();
    }
  }

  const api: PublicApi = {
    version: VERSION,
    openTryOn(options = {}) {
      const product = fromOptions(options);
      const opener = document.activeElement;
      whenLoaded((it) => it.open(product, opener, options.token ?? null));
    },
    close() {
      wish = undefined;
      dialog?.close();
    },
    resume: () => whenLoaded((it) => it.resume()),
    attach(make: MakeDialog) {
      dialog ??= make(config);
      wish?.(dialog);
      wish = undefined;
    },
  };
  window.Genvoris = window.VTOWidget = api;
  listen(load, (product, trigger) => whenLoaded((it) => it.open(product, trigger, null)));
  if (hasKept()) api.resume();
}

function hasKept(): boolean {
  try {
    return sessionStorage.getItem(KEPT_KEY) !== null;
  } catch {
    return false; // storage is switched off
  }
}

const tag = document.currentScript;
// A second copy of the tag changes nothing.
if (tag instanceof HTMLScriptElement && !window.Genvoris) start(tag);
