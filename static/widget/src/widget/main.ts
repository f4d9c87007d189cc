// Stage one: small, on every page. Finds triggers and fetches the rest when it is wanted.

import type { Dialog, Internal, Left, Page, Parts, Wish } from "./bundles";
import { FILES, languageOf, loadFile } from "./loader";
import { doc, globalOf, page } from "./page";
import type { GenvorisCall, Settings } from "./public";
import { readStart, type Start } from "./script-tag";
import { JOB_KEY, KEPT_KEY, read, SESSION_KEY } from "./storage";
import { CHECKOUT, triggerOf } from "./triggers";

const VERSION = "0.1.0";

class Widget {
  readonly api: Internal;
  readonly #settings: Settings;
  readonly #end = new AbortController();
  readonly #files: Record<string, Promise<void>> = {};
  readonly #parts: Parts = { page };
  #dialog: Dialog | undefined;
  // Only the last wish counts: two dialogs at once would help nobody.
  #wish: Wish | undefined;
  // A click on a trigger that is under way, and the last one that the page itself has answered.
  #click: Event | undefined;
  #answered: Event | undefined;

  constructor(
    private readonly start: Start,
    private left?: Left,
  ) {
    this.#settings = { apiUrl: start.folder, ...left?.settings, ...start.settings };
    this.api = this.#makeApi(left?.listeners ?? new AbortController());
    for (const type of ["pointerover", "focusin"]) {
      this.#on(type, (event) => triggerOf(event) && this.#loadAll());
    }
    this.#on("click", (event) => this.#follow(event));
    if (Object.keys(this.#settings).some((key) => key.startsWith("button"))) this.#dressButtons();
    // Whoever has tried something on may be about to buy it.
    if (read(SESSION_KEY) && doc.querySelector(CHECKOUT)) this.#loadAll();
  }

  #makeApi(listeners: AbortController): Internal {
    const { signal } = listeners;
    const open: Internal["open"] = async (options = {}, opener = doc.activeElement, photo) => {
      this.#answered = this.#click;
      opener?.setAttribute("aria-busy", "true");
      await this.#ask(["open", options, opener, photo]);
      // Else it is the next widget that is busy with it.
      if (!this.#files.widget) opener?.removeAttribute("aria-busy");
    };
    const api: Internal = {
      version: VERSION,
      open,
      openTryOn: open,
      close: () => {
        this.#wish = undefined;
        this.#dialog?.close();
      },
      resume: (linked) => this.#ask(["resume", linked]),
      update: (changed) => {
        Object.assign(this.#settings, changed);
        if (this.#dialog) this.#loadAll();
      },
      on(name, handler) {
        const listening = [`genvoris:${name}`, handler as (event: Event) => void] as const;
        addEventListener(...listening, { signal });
        return () => removeEventListener(...listening);
      },
      destroy: () => {
        this.#stop();
        listeners.abort();
        window.Genvoris = window.VTOWidget = undefined;
      },
      push(...calls) {
        for (const [name, ...values] of calls) (api[name] as (...v: unknown[]) => void)(...values);
      },
      attach: (part) => Object.assign(this.#parts, part),
      leave: () => {
        if (!this.#files.widget) return undefined;
        this.#stop();
        return { settings: this.#settings, listeners, calls: this.#wish ? [this.#wish] : [] };
      },
    };
    return api;
  }

  #stop(): void {
    this.#end.abort();
    this.#dialog?.destroy();
  }

  #on(type: string, listener: (event: Event) => unknown): void {
    addEventListener(type, listener, { capture: true, signal: this.#end.signal });
  }

  /** Opens the dialog once the page has heard a click, unless it prevents that, or opens it. */
  #follow(click: Event): void {
    const trigger = triggerOf(click);
    if (!trigger) return;
    this.#click = click;
    const done = new AbortController();
    const { signal } = done;
    const act = () => {
      const goesOn = click.eventPhase && !click.cancelBubble && click.currentTarget !== window;
      if (goesOn || signal.aborted) return;
      done.abort();
      this.#click = undefined;
      if (click.defaultPrevented) return;
      click.preventDefault();
      if (this.#answered !== click) this.api.open(trigger.dataset, trigger);
    };
    // After the page's own listeners, at whichever step one of them stops the click.
    const listen = EventTarget.prototype.addEventListener;
    for (const node of click.composedPath()) listen.call(node, "click", act, { signal });
    setTimeout(act);
  }

  async #ask(wish: Wish): Promise<void> {
    // Whoever still holds on to this one means the one that has taken over.
    if (this.#end.signal.aborted) return (window.Genvoris as Internal | undefined)?.push(wish);
    this.#wish = wish;
    return this.#loadAll();
  }

  async #loadAll(): Promise<void> {
    const language = languageOf(this.#settings.language);
    try {
      await Promise.all([this.#load("dialog"), this.#load(`locale-${language}`)]);
      if (this.#end.signal.aborted) return;
      if (this.#dialog) this.#dialog.update(language);
      else this.#dialog = this.#parts.dialog?.(this.#page(), language);
      const [name, ...values] = this.#wish ?? [];
      if (name) (this.#dialog?.[name] as (...v: unknown[]) => void)?.(...values);
    } catch (error) {
      if (this.#dialog || this.left || !(await this.#renew())) console.error(error);
    }
    this.#wish = this.left = undefined;
  }

  /** Lets the server's present widget take over from this one, whose files are gone. */
  async #renew(): Promise<boolean> {
    await this.#load("widget", "").catch(console.error);
    const { aborted } = this.#end.signal;
    if (!aborted) delete this.#files.widget; // it has not taken over
    return aborted;
  }

  #page(): Page {
    return {
      settings: this.#settings,
      parts: this.#parts,
      load: (name, integrity) => this.#load(name, integrity),
      renew: (wish) => {
        this.#wish = wish;
        return this.#renew();
      },
    };
  }

  async #dressButtons(): Promise<void> {
    await this.#load("design").catch(console.error);
    this.#parts.design?.(this.#settings, this.#end.signal);
  }

  #load(name: string, integrity = FILES[name] as string): Promise<void> {
    const files = this.#files;
    const { folder, nonce } = this.start;
    files[name] ??= loadFile(folder, name, integrity, nonce).catch((error) => {
      delete files[name]; // the next click tries again
      throw error;
    });
    return files[name];
  }
}

function begin(start: Start): void {
  const before = globalOf("Genvoris") as Partial<Internal> | GenvorisCall[] | undefined;
  const queued = Array.isArray(before) ? before : [];
  const running = Array.isArray(before) ? undefined : before;
  const left = running?.leave?.();
  // A later copy of the tag, as after a visit with Turbo, only brings what it says anew.
  if (running?.update && !left) {
    running.update(start.settings);
    return;
  }
  const { api } = new Widget(start, left);
  window.Genvoris = window.VTOWidget = api;
  api.push(...(left?.calls ?? queued));
  if (left) return;
  const linked = /[?&]genvoris_tryon=1(&|$)/.test(location.search);
  if (linked || read(KEPT_KEY) || read(JOB_KEY)) api.resume(linked);
}

const start = readStart();
if (start) begin(start);
else {
  console.error(
    "Genvoris: the widget's script tag was not found. Give it data-api-url, or set " +
      'window.genvorisConfig = {apiProxyBase: "/genvoris"} before the script.',
  );
}
