// The widget on every page: the public API, the triggers, and loading the rest when it is needed.

import type { Bundles, Dialog, Handover, InternalApi, PendingCall, WidgetContext } from "./bundles";
import { FILES, languageOf, loadFile } from "./loader";
import { doc, page } from "./page";
import type { Settings } from "./public";
import type { StartOptions } from "./script-tag";
import { readText, SESSION_KEY } from "./storage";
import { CHECKOUT_SELECTOR, FITTING_ROOM, onEarlyClick, triggerOf } from "./triggers";

const VERSION = "0.1.0";

export class Widget {
  readonly api: InternalApi;
  readonly #settings: Settings;
  readonly #end = new AbortController();
  readonly #files: Record<string, Promise<void>> = {};
  readonly #bundles: Bundles = { page };
  #dialog: Dialog | undefined;
  // Only the last call counts, since there is one dialog.
  #pending: PendingCall | undefined;
  // The click on a trigger that is being handled, and the last one that the page has handled itself.
  #click: Event | undefined;
  #handledClick: Event | undefined;

  constructor(
    private readonly start: StartOptions,
    private handover?: Handover,
  ) {
    this.#settings = { apiUrl: start.folder, ...handover?.settings, ...start.settings };
    this.api = this.#createApi(handover?.listeners ?? new AbortController());
    for (const type of ["pointerover", "focusin"]) {
      this.#on(type, (event) => triggerOf(event) && this.#loadAll());
    }
    this.#on("click", (event) => this.#onClick(event));
    // An earlier widget on this page has answered it.
    if (!("VTOWidget" in window)) onEarlyClick((trigger) => this.#open(trigger));
    if (Object.keys(this.#settings).some((key) => key.startsWith("button"))) this.#styleButtons();
    // Only the dialog reports a checkout that follows a try-on.
    if (readText(SESSION_KEY) && doc.querySelector(CHECKOUT_SELECTOR)) this.#loadAll();
  }

  #createApi(listeners: AbortController): InternalApi {
    const { signal } = listeners;
    const open: InternalApi["open"] = async (options = {}, opener = doc.activeElement, photo) => {
      this.#handledClick = this.#click;
      opener?.setAttribute("aria-busy", "true");
      await this.#call(["open", options, opener, photo]);
      // Otherwise another version is still busy with it.
      if (!this.#files.widget) opener?.removeAttribute("aria-busy");
    };
    const api: InternalApi = {
      version: VERSION,
      open,
      openTryOn: open,
      close: () => {
        this.#pending = undefined;
        this.#dialog?.close();
      },
      openFittingRoom: () => this.#call(["openFittingRoom"]),
      resume: (linked) => this.#call(["resume", linked]),
      update: (changed) => {
        Object.assign(this.#settings, changed);
        if (this.#dialog) this.#loadAll();
      },
      on(name, handler) {
        const type = `genvoris:${name}`;
        addEventListener(type, handler as (event: Event) => void, { signal });
        return () => removeEventListener(type, handler as (event: Event) => void);
      },
      destroy: () => {
        this.#stop();
        listeners.abort();
        window.Genvoris = window.VTOWidget = undefined;
      },
      push(...calls) {
        for (const [name, ...values] of calls) (api[name] as (...v: unknown[]) => void)(...values);
      },
      attach: (bundle) => Object.assign(this.#bundles, bundle),
      leave: () => {
        if (!this.#files.widget) return undefined;
        this.#stop();
        return { settings: this.#settings, listeners, calls: this.#pending ? [this.#pending] : [] };
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

  /** Open the dialog after the page's own listeners, unless one prevents that or opens it. */
  #onClick(click: Event): void {
    const trigger = triggerOf(click);
    if (!trigger) return;
    this.#click = click;
    const done = new AbortController();
    const { signal } = done;
    const act = () => {
      const continues = click.eventPhase && !click.cancelBubble && click.currentTarget !== window;
      if (continues || signal.aborted) return;
      done.abort();
      this.#click = undefined;
      if (click.defaultPrevented) return;
      click.preventDefault();
      if (this.#handledClick !== click) this.#open(trigger);
    };
    // On every node of the path, since the page may stop the click at any of them.
    const listen = EventTarget.prototype.addEventListener;
    for (const node of click.composedPath()) listen.call(node, "click", act, { signal });
    setTimeout(act);
  }

  #open(trigger: HTMLElement): void {
    if (trigger.hasAttribute(FITTING_ROOM)) this.api.openFittingRoom();
    else this.api.open(trigger.dataset, trigger);
  }

  async #call(call: PendingCall): Promise<void> {
    // A script may still hold the API of a version that has been replaced.
    if (this.#end.signal.aborted) return (window.Genvoris as InternalApi | undefined)?.push(call);
    this.#pending = call;
    return this.#loadAll();
  }

  async #loadAll(): Promise<void> {
    const language = languageOf(this.#settings.language);
    try {
      await Promise.all([this.#load("dialog"), this.#load(`locale-${language}`)]);
      if (this.#end.signal.aborted) return;
      if (this.#dialog) this.#dialog.update(language);
      else this.#dialog = this.#bundles.dialog?.(this.#context(), language);
      const [name, ...values] = this.#pending ?? [];
      if (name) (this.#dialog?.[name] as (...v: unknown[]) => void)?.(...values);
    } catch (error) {
      if (!navigator.onLine && !this.#dialog) {
        const { signal } = this.#end;
        await new Promise((resolve) => {
          addEventListener("online", resolve, { once: true, signal });
        });
        return this.#loadAll();
      }
      if (this.#dialog || this.handover || !(await this.#handOver())) console.error(error);
    }
    this.#pending = this.handover = undefined;
  }

  /** Let the server's current version replace this one, whose files are gone. */
  async #handOver(): Promise<boolean> {
    await this.#load("widget", "").catch(console.error);
    const { aborted } = this.#end.signal;
    if (!aborted) delete this.#files.widget; // it has not replaced this one
    return aborted;
  }

  #context(): WidgetContext {
    return {
      settings: this.#settings,
      bundles: this.#bundles,
      load: (name, integrity) => this.#load(name, integrity),
      handOver: async (call) => {
        this.#pending = call;
        const replaced = await this.#handOver();
        // The dialog continues here, and must not open again when the widget next loads something.
        if (this.#pending === call) this.#pending = undefined;
        return replaced;
      },
    };
  }

  async #styleButtons(): Promise<void> {
    await this.#load("design").catch(console.error);
    this.#bundles.design?.(this.#settings, this.#end.signal);
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
