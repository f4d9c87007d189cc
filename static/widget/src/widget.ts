// Stage one: small, on every page. Finds triggers and fetches the rest when it is wanted.

import { dressButtons } from "./button";
import { FILES, languageOf, loadFile } from "./loader";
import type { GenvorisApi, GenvorisCall, Product, Settings } from "./public";
import {
  CHECKOUT,
  type Dialog,
  type FileId,
  type Internal,
  JOB_KEY,
  KEPT_KEY,
  type Parts,
  SESSION_KEY,
  VERSION,
} from "./shared";
import { read } from "./tab";
import { describe, fromOptions, triggerOf } from "./triggers";

function start(tag: HTMLScriptElement): Internal {
  const folder = tag.src.replace(/\/[^/]*$/, "");
  // An attribute is a text where `update` takes a list or a number: the dialog reads both.
  const settings = { apiUrl: folder, ...tag.dataset } as Settings;
  const end = new AbortController();
  const { signal } = end;
  const files: Record<string, Promise<void>> = {};
  const parts: Parts = {};
  let dialog: Dialog | undefined;
  // Only the last wish counts: two dialogs at once would help nobody.
  let wish: ((dialog: Dialog) => void) | undefined;

  function load(name: string, file = FILES[name] as FileId): Promise<void> {
    files[name] ??= loadFile(folder, name, file, tag.nonce ?? "").catch((error) => {
      delete files[name]; // the next click tries again
      throw error;
    });
    return files[name];
  }

  async function loadAll(): Promise<void> {
    const language = languageOf(settings.language);
    try {
      await Promise.all([load("dialog"), load(`locale-${language}`)]);
      if (signal.aborted) return;
      if (dialog) dialog.update(language);
      else dialog = parts.dialog?.({ settings, parts, load }, language);
      if (dialog) wish?.(dialog);
    } catch (error) {
      console.error(error);
    }
    wish = undefined;
  }

  function whenLoaded(act: (dialog: Dialog) => void): Promise<void> {
    wish = act;
    return loadAll();
  }

  function open(product: Product, opener: Element | null, token?: string): void {
    opener?.setAttribute("aria-busy", "true");
    whenLoaded((it) => it.open(product, opener, token)).then(() =>
      opener?.removeAttribute("aria-busy"),
    );
  }

  const on = (type: string, listener: (event: never) => void) =>
    addEventListener(type, listener as EventListener, { capture: type !== "click", signal });

  const api: Internal = {
    version: VERSION,
    open: (options = {}) => open(fromOptions(options), document.activeElement, options.token),
    openTryOn: (options) => api.open(options),
    close() {
      wish = undefined;
      dialog?.close();
    },
    resume: () => whenLoaded((it) => it.resume()),
    update(changed) {
      Object.assign(settings, changed);
      if (dialog) loadAll();
    },
    on(name, handler) {
      on(`genvoris:${name}`, handler);
      return () => removeEventListener(`genvoris:${name}`, handler as EventListener, true);
    },
    destroy() {
      end.abort();
      dialog?.destroy();
      window.Genvoris = window.VTOWidget = undefined;
    },
    push(...calls) {
      for (const [name, ...values] of calls)
        (api[name] as (...values: unknown[]) => void)(...values);
    },
    attach: (part) => Object.assign(parts, part),
  };

  for (const type of ["pointerover", "focusin", "touchstart"]) {
    on(type, (event: Event) => {
      const { target } = event;
      // Whoever has tried something on may be about to buy it.
      const leaves = target instanceof Element && target.closest(CHECKOUT) && read(SESSION_KEY);
      if (leaves || triggerOf(event)) loadAll();
    });
  }
  on("click", (event: Event) => {
    const trigger = triggerOf(event);
    if (!trigger || event.defaultPrevented) return;
    event.preventDefault();
    open(describe(trigger.dataset), trigger);
  });
  dressButtons(tag.dataset, signal);
  return api;
}

function begin(tag: HTMLScriptElement): void {
  const before = window.Genvoris as GenvorisApi | GenvorisCall[] | undefined;
  // A later copy of the tag, as after a visit with Turbo, only brings what it says anew.
  if (before && "version" in before) {
    before.update(tag.dataset as Settings);
    return;
  }
  const api = start(tag);
  window.Genvoris = window.VTOWidget = api;
  if (before) api.push(...before);
  if (read(KEPT_KEY) || read(JOB_KEY)) api.resume();
}

if (document.currentScript instanceof HTMLScriptElement) begin(document.currentScript);
