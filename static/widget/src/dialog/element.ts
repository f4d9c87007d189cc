// The element <genvoris-dialog> and what its shadow root contains.

import { direction, language, t } from "../locales/strings";
import { css } from "../theme/styles";
import { doc } from "../widget/page";
import { type Child, el, iconButton } from "./dom";
import type { View } from "./screens/view";

const NAME = "genvoris-dialog";
// A rule instead of a style on <html>: it ends with the element, whatever removes that.
const SCROLL_LOCK = `html:has(${NAME}[open]){overflow:hidden!important}`;

interface Host extends HTMLElement {
  /** Called when the page has removed the element. */
  onRemoved?: (() => void) | undefined;
}

/**
 * Create the custom element.
 *
 * A page can register a name only once, and an earlier version of the widget may have done so. So
 * the registered class does as little as possible: it reports that the page has removed it.
 */
function createHost(): Host {
  if (!customElements.get(NAME)) customElements.define(NAME, hostClass());
  return doc.createElement(NAME);
}

function hostClass(): CustomElementConstructor {
  return class extends HTMLElement {
    declare onRemoved?: () => void;

    connectedCallback(): void {
      // A copy from a page that a router has cached as HTML is empty.
      if (!this.shadowRoot) this.remove();
    }

    disconnectedCallback(): void {
      if (!this.isConnected) this.onRemoved?.();
    }
  };
}

export class DialogElement {
  /** Called by the close button. */
  onClose?: () => void;
  /** Called by the button over the page that shows a minimised job. */
  onReopen?: () => void;
  readonly dialog = el("dialog", { "aria-labelledby": "heading", part: "dialog" });
  readonly input = el("input", { type: "file", hidden: true, accept: "image/*,.heic,.heif" });
  readonly host = createHost();
  readonly #heading = el("h2", { id: "heading", tabindex: "-1", part: "heading" });
  readonly #visual = el("div", { class: "visual", part: "visual" });
  readonly #side = el("div", { class: "side", part: "side" });
  // An open modal dialog silences the second one.
  readonly #live = el("p", { class: "live", role: "status" });
  readonly #liveOutside = el("p", { class: "live", role: "status" });
  readonly #top = el("div", { class: "top" });
  readonly #scrollLock = new CSSStyleSheet();
  #appliedTheme = "";
  // Opened, and not closed by us since.
  #opened = false;

  constructor() {
    const body = el("div", { class: "body" }, this.#visual, this.#side);
    this.dialog.append(this.#top, body, this.input, this.#live);
    const root = this.host.attachShadow({ mode: "open" });
    root.append(this.dialog, this.#liveOutside);
    this.addStyle(css);
    this.#scrollLock.replaceSync(SCROLL_LOCK);
    doc.adoptedStyleSheets.push(this.#scrollLock);
  }

  addStyle(text: string): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    this.host.shadowRoot?.adoptedStyleSheets.push(sheet);
  }

  /** Set the style sheet's custom properties, and the current language. */
  applyTheme(theme: Record<string, string>): void {
    const key = JSON.stringify([theme, language(), t("choose"), t("close")]);
    if (key === this.#appliedTheme) return; // keeps the click that opens the dialog fast
    this.#appliedTheme = key;
    for (const each of this.host.shadowRoot?.querySelectorAll<HTMLElement>("dialog,.pill") ?? []) {
      each.lang = language();
      each.dir = direction();
      for (const [name, value] of Object.entries(theme)) each.style.setProperty(`--${name}`, value);
    }
    this.input.setAttribute("aria-label", t("choose"));
    const close = iconButton("close", "close", () => this.onClose?.());
    this.#top.replaceChildren(this.#heading, close);
  }

  /** Add the element to the page, if it is not there (any more). */
  attach(): void {
    if (!this.host.isConnected) doc.body.append(this.host);
  }

  /** Remove the element without calling `onRemoved`. */
  detach(): void {
    const { onRemoved } = this.host;
    this.host.onRemoved = undefined;
    this.host.remove();
    this.host.onRemoved = onRemoved;
  }

  /** Remove the element and the page's scroll lock for good. */
  end(): void {
    this.detach();
    const sheets = doc.adoptedStyleSheets;
    const at = sheets.indexOf(this.#scrollLock);
    if (at >= 0) sheets.splice(at, 1); // the page may have replaced them all
  }

  /** Lay the hidden dialog out once, so that fonts and styles are ready when it opens. */
  prepareLayout(): void {
    const { style } = this.dialog;
    style.display = "grid";
    this.dialog.getBoundingClientRect();
    style.display = "";
  }

  open(opener: Element | null): void {
    if (this.dialog.open) return;
    // A popover closes when a dialog outside of it opens.
    const popover = opener?.closest("[popover]");
    this.#showWithin(popover ?? doc.body);
    const moveOut = () => {
      if (this.#opened && !this.dialog.getClientRects().length) this.#showWithin(doc.body);
    };
    popover?.addEventListener("toggle", moveOut, { once: true });
    moveOut(); // the same click may have closed the popover
  }

  #showWithin(parent: Element): void {
    this.dialog.close();
    if (this.host.parentNode !== parent) parent.append(this.host);
    // The page's own dialog may have hidden or disabled everything outside of it.
    this.host.removeAttribute("aria-hidden");
    this.host.inert = false;
    this.host.toggleAttribute("open", true);
    this.dialog.showModal();
    this.#heading.focus();
    this.#opened = true;
  }

  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    // Browsers remember the scroll position, and the next screen may be another one.
    this.#scrollToTop();
    this.dialog.close();
    this.host.toggleAttribute("open", false);
    if (this.host.parentNode !== doc.body) this.detach();
    this.attach();
  }

  /** Whether the browser has closed the dialog by itself. */
  get closedByBrowser(): boolean {
    return this.#opened && !this.dialog.open;
  }

  show(view: View, focus: boolean): void {
    // A heading from the shop may be in another direction than the language.
    this.#heading.replaceChildren(el("bdi", {}, view.heading));
    const parts = (children: Child[]) => children.filter((child): child is Node => Boolean(child));
    const active = this.host.shadowRoot?.activeElement;
    const pressed = active?.matches(".icon") && active.getAttribute("part");
    this.#visual.replaceChildren(...parts(view.visual));
    this.#side.replaceChildren(...parts(view.side));
    const photo = this.#visual.querySelector<HTMLCanvasElement>("canvas[part=photo]");
    // The screens that show one picture keep its box.
    if (photo?.width) this.#visual.style.setProperty("--ar", `${photo.width / photo.height}`);
    if (!this.dialog.open) return;
    // A button that shows the next picture is drawn again with it, and may be pressed again.
    if (pressed && !focus) this.part(pressed)?.focus();
    else this.#scrollToTop();
    // The focused element may be gone with the previous screen.
    if (focus || !this.host.shadowRoot?.activeElement) this.#heading.focus();
  }

  #scrollToTop(): void {
    // Which of them scrolls depends on the layout.
    for (const each of [this.#side, this.#side.parentElement]) each?.scrollTo(0, 0);
  }

  /** Announce a text to screen readers. */
  announce(text: string): void {
    const live = this.dialog.open ? this.#live : this.#liveOutside;
    if (live.textContent !== text) live.textContent = text;
  }

  part(name: string): HTMLElement | null {
    return this.dialog.querySelector(`[part~="${name}"]`);
  }

  /** Highlight the drop zone while a file is dragged over it. */
  highlightDropZone(over: boolean): void {
    this.#visual.classList.toggle("over", over);
  }
}
