// The dialog's frame: host element, shadow root, heading, and the note that a job goes on.

import { direction, spoken, t } from "../locales/strings";
import { css } from "../theme/styles";
import { doc } from "../widget/page";
import { type Child, el, iconButton, listenToClicks } from "./dom";
import { makeHost } from "./host";
import type { View } from "./screens/view";

// A rule rather than a style of the page's own: it goes with the element, whoever takes that away.
const LOCK = "html:has(genvoris-dialog[open]){overflow:hidden!important}";

export class Frame {
  readonly dialog: HTMLDialogElement = el("dialog", {
    "aria-labelledby": "heading",
    part: "dialog",
  });
  readonly input: HTMLInputElement;
  readonly host = makeHost();
  readonly #heading = el("h2", { id: "heading", tabindex: "-1", part: "heading" });
  readonly #visual = el("div", { class: "visual", part: "visual" });
  readonly #side = el("div", { class: "side", part: "side" });
  // One is heard while the dialog is open, which makes all else silent, the other while it is not.
  readonly #live = el("p", { class: "live", role: "status" });
  readonly #liveOutside = el("p", { class: "live", role: "status" });
  readonly #pill = el("button", { type: "button", class: "pill", part: "pill", popover: "manual" });
  readonly #top = el("div", { class: "top" });
  readonly #lock = new CSSStyleSheet();
  #dressed = "";
  #holdsPage = false;

  constructor(
    private readonly onClose: () => void,
    onPill: () => void,
  ) {
    this.input = el("input", { type: "file", hidden: true, accept: "image/*,.heic,.heif" });
    listenToClicks(this.#pill, onPill);
    const body = el("div", { class: "body" }, this.#visual, this.#side);
    this.dialog.append(this.#top, body, this.input, this.#live);
    const root = this.host.attachShadow({ mode: "open" });
    root.append(this.dialog, this.#pill, this.#liveOutside);
    this.addStyle(css);
    this.#lock.replaceSync(LOCK);
    doc.adoptedStyleSheets.push(this.#lock);
  }

  addStyle(text: string): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    this.host.shadowRoot?.adoptedStyleSheets.push(sheet);
  }

  /** Whether the dialog has been opened and not closed by us since. */
  get holdsPage(): boolean {
    return this.#holdsPage;
  }

  /** Takes the language and the look that hold from now on. */
  dress(look: Record<string, string>): void {
    const whole = JSON.stringify([look, spoken(), t("choose"), t("close")]);
    if (whole === this.#dressed) return; // a click has better things to wait for
    this.#dressed = whole;
    for (const each of [this.dialog, this.#pill]) {
      each.lang = spoken();
      each.dir = direction();
      for (const [name, value] of Object.entries(look)) each.style.setProperty(`--${name}`, value);
    }
    this.input.setAttribute("aria-label", t("choose"));
    this.#top.replaceChildren(this.#heading, iconButton("close", "close", this.onClose));
  }

  /** Puts the dialog's element on the page, where a page without reloads may have lost it. */
  attach(): void {
    if (!this.host.isConnected) doc.body.append(this.host);
  }

  /** Takes the element off the page, which is not told of it. */
  detach(): void {
    const { removed } = this.host;
    this.host.removed = undefined;
    this.host.remove();
    this.host.removed = removed;
  }

  /** Takes off the page all that is of the dialog. */
  end(): void {
    this.detach();
    const sheets = doc.adoptedStyleSheets;
    const at = sheets.indexOf(this.#lock);
    if (at >= 0) sheets.splice(at, 1); // the page may have replaced them all
  }

  /** Has the browser lay out what is not shown yet: fonts and styles are then at hand. */
  warmUp(): void {
    const { style } = this.dialog;
    style.display = "flex";
    this.dialog.getBoundingClientRect();
    style.display = "";
  }

  open(opener: Element | null): void {
    if (this.dialog.open) return;
    // A popover closes for a dialog that is not within it.
    const popover = opener?.closest("[popover]");
    this.#show(popover ?? doc.body);
    const moveOut = () => {
      if (this.#holdsPage && !this.dialog.getClientRects().length) this.#show(doc.body);
    };
    popover?.addEventListener("toggle", moveOut, { once: true });
    moveOut(); // it may have been closed by the same click
  }

  /** Shows the dialog at a place of the page; what is around it there may be hidden later. */
  #show(place: Element): void {
    this.dialog.close();
    if (this.host.parentNode !== place) place.append(this.host);
    // Another dialog may have hidden from readers, or switched off, all that is not within it.
    this.host.removeAttribute("aria-hidden");
    this.host.inert = false;
    this.host.toggleAttribute("open", true);
    this.dialog.showModal();
    this.#heading.focus();
    this.#holdsPage = true;
  }

  close(): void {
    if (!this.#holdsPage) return;
    this.#holdsPage = false;
    // A browser remembers how far it was scrolled, and the next screen may be another one.
    this.dialog.querySelector(".body")?.scrollTo(0, 0);
    this.dialog.close();
    this.host.toggleAttribute("open", false);
    if (this.host.parentNode !== doc.body) this.detach();
    this.attach();
  }

  /** Says whether the browser has closed the dialog without us. */
  closedByItself(): boolean {
    return this.#holdsPage && !this.dialog.open;
  }

  show(view: View, focus: boolean): void {
    // A shop's own title may run the other way.
    this.#heading.replaceChildren(el("bdi", {}, view.heading));
    const parts = (children: Child[]) => children.filter((child): child is Node => Boolean(child));
    this.#visual.replaceChildren(...parts(view.visual));
    this.#side.replaceChildren(...parts(view.side));
    if (!this.dialog.open) return;
    this.dialog.querySelector(".body")?.scrollTo(0, 0);
    // What had the focus may be gone with the old screen.
    if (focus || !this.host.shadowRoot?.activeElement) this.#heading.focus();
  }

  /** Shows, over the page, how a job stands that was put aside; "" takes it away. */
  note(text: string, busy: boolean): void {
    const pill = this.#pill;
    pill.textContent = text;
    pill.className = busy ? "pill busy" : "pill";
    pill.hidden = !text;
    if (text) this.attach();
    // Above whatever the page has on top; older browsers show it where they can.
    if (pill.isConnected) pill.togglePopover?.(Boolean(text));
  }

  /** Tells those who listen rather than look. */
  announce(text: string): void {
    const live = this.dialog.open ? this.#live : this.#liveOutside;
    if (live.textContent !== text) live.textContent = text;
  }

  part(name: string): HTMLElement | null {
    return this.dialog.querySelector(`[part~="${name}"]`);
  }

  /** Marks the drop zone while a file is held over it. */
  mark(over: boolean): void {
    this.#visual.classList.toggle("over", over);
  }
}
