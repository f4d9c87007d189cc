// Stage one: small, on every page. Finds triggers and fetches the rest when it is wanted.

import { dressButtons } from "./button";
import { FILES, languageOf, loadFile } from "./loader";
import type { GenvorisApi, GenvorisCall, Product, Settings } from "./public";
import {
  CHECKOUT,
  type Dialog,
  type Internal,
  JOB_KEY,
  KEPT_KEY,
  type Parts,
  SESSION_KEY,
  VERSION,
} from "./shared";
import { read } from "./tab";
import { describe, fromOptions, triggerOf } from "./triggers";

class Widget {
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #end = new AbortController();
  readonly #files: Record<string, Promise<void>> = {};
  readonly #parts: Parts = {};
  #dialog: Dialog | undefined;
  // Only the last wish counts: two dialogs at once would help nobody.
  #wish: ((dialog: Dialog) => void) | undefined;

  constructor(private readonly tag: HTMLScriptElement) {
    this.#folder = tag.src.replace(/\/[^/]*$/, "");
    // An attribute is a text where `update` takes a list or a number: the dialog reads both.
    this.#settings = { apiUrl: this.#folder, ...tag.dataset } as Settings;
    for (const type of ["pointerover", "focusin"]) {
      this.#on(type, (event) => triggerOf(event) && this.#loadAll());
    }
    this.#on("click", (event) => this.#click(event));
    dressButtons(tag.dataset, this.#end.signal);
    // Whoever has tried something on may be about to buy it.
    if (read(SESSION_KEY) && document.querySelector(CHECKOUT)) this.#loadAll();
  }

  api(): Internal {
    const open: GenvorisApi["open"] = (options = {}) =>
      this.#open(fromOptions(options), document.activeElement, options.token);
    const api: Internal = {
      version: VERSION,
      open,
      openTryOn: open,
      close: () => {
        this.#wish = undefined;
        this.#dialog?.close();
      },
      resume: () => void this.#whenLoaded((it) => it.resume()),
      update: (changed) => {
        Object.assign(this.#settings, changed);
        if (this.#dialog) this.#loadAll();
      },
      on: (name, handler) => this.#on(`genvoris:${name}`, handler as (event: Event) => void),
      destroy: () => {
        this.#end.abort();
        this.#dialog?.destroy();
        window.Genvoris = window.VTOWidget = undefined;
      },
      push(...calls) {
        for (const [name, ...values] of calls) (api[name] as (...v: unknown[]) => void)(...values);
      },
      attach: (part) => Object.assign(this.#parts, part),
    };
    return api;
  }

  #on(type: string, listener: (event: Event) => unknown): () => void {
    // Last of all for clicks, so that the shop's own listeners can prevent what they do here.
    const capture = type !== "click";
    addEventListener(type, listener, { capture, signal: this.#end.signal });
    return () => removeEventListener(type, listener, capture);
  }

  #click(event: Event): void {
    const trigger = triggerOf(event);
    if (!trigger || event.defaultPrevented) return;
    event.preventDefault();
    this.#open(describe(trigger.dataset), trigger);
  }

  #open(product: Product, opener: Element | null, token?: string): void {
    opener?.setAttribute("aria-busy", "true");
    this.#whenLoaded((it) => it.open(product, opener, token)).then(() =>
      opener?.removeAttribute("aria-busy"),
    );
  }

  #whenLoaded(act: (dialog: Dialog) => void): Promise<void> {
    this.#wish = act;
    return this.#loadAll();
  }

  async #loadAll(): Promise<void> {
    const language = languageOf(this.#settings.language);
    try {
      await Promise.all([this.#load("dialog"), this.#load(`locale-${language}`)]);
      if (this.#end.signal.aborted) return;
      if (this.#dialog) this.#dialog.update(language);
      else this.#dialog = this.#parts.dialog?.(this.#page(), language);
      if (this.#dialog) this.#wish?.(this.#dialog);
    } catch (error) {
      console.error(error);
    }
    this.#wish = undefined;
  }

  #page() {
    const load = (name: string, integrity: string) => this.#load(name, integrity);
    return { settings: this.#settings, parts: this.#parts, load };
  }

  #load(name: string, integrity = FILES[name] as string): Promise<void> {
    const files = this.#files;
    files[name] ??= loadFile(this.#folder, name, integrity, this.tag.nonce ?? "").catch((error) => {
      delete files[name]; // the next click tries again
      throw error;
    });
    return files[name];
  }
}

function begin(tag: HTMLScriptElement): void {
  const before = window.Genvoris as GenvorisApi | GenvorisCall[] | undefined;
  // A later copy of the tag, as after a visit with Turbo, only brings what it says anew.
  if (before && "version" in before) {
    before.update(tag.dataset as Settings);
    return;
  }
  const api = new Widget(tag).api();
  window.Genvoris = window.VTOWidget = api;
  if (before) api.push(...before);
  if (read(KEPT_KEY) || read(JOB_KEY)) api.resume();
}

if (document.currentScript instanceof HTMLScriptElement) begin(document.currentScript);
