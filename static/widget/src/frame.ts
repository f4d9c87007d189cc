// The dialog's frame: host element, shadow root, heading and close button.

import { el, ICONS, icon } from "./dom";
import type { View } from "./screens/view";
import { strings } from "./strings";
import { css } from "./styles";

export class Frame {
  readonly dialog: HTMLDialogElement;
  readonly input: HTMLInputElement;
  private readonly host = document.createElement("genvoris-dialog");
  private readonly heading = el("h2", { id: "heading", tabindex: "-1" });
  private readonly visual = el("div", { class: "visual", part: "visual" });
  private readonly side = el("div", { class: "side", part: "side" });
  private readonly live = el("p", { class: "live", role: "status" });
  private scroll = "";
  private holdsPage = false;

  constructor(onClose: () => void) {
    const close = el(
      "button",
      { type: "button", class: "close", part: "close", "aria-label": strings.close },
      icon(ICONS.close),
    );
    close.addEventListener("click", onClose);
    this.input = el("input", {
      type: "file",
      hidden: true,
      accept: "image/jpeg,image/png,image/webp,image/heic,image/heif",
      "aria-label": strings.choose,
    });
    this.dialog = el(
      "dialog",
      { "aria-labelledby": "heading", part: "dialog" },
      el("div", { class: "top" }, this.heading, close),
      el("div", { class: "body" }, this.visual, this.side),
      this.input,
      this.live,
    );
    const root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    root.append(this.dialog);
  }

  /** Sets one of the public custom properties. */
  style(name: string, value: string): void {
    this.host.style.setProperty(name, value);
  }

  open(): void {
    if (!this.host.isConnected) document.body.append(this.host);
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.holdsPage = true;
    const page = document.documentElement;
    this.scroll = page.style.overflow;
    page.style.overflow = "hidden";
  }

  close(): void {
    if (!this.holdsPage) return;
    this.holdsPage = false;
    this.dialog.close();
    document.documentElement.style.overflow = this.scroll;
  }

  /** Says whether the browser has closed the dialog without us. */
  closedByItself(): boolean {
    return this.holdsPage && !this.dialog.open;
  }

  show(view: View, focus: boolean): void {
    this.heading.textContent = view.heading;
    this.visual.replaceChildren(...view.visual);
    this.side.replaceChildren(...view.side);
    this.dialog.querySelector(".body")?.scrollTo(0, 0);
    // What had the focus may be gone with the old screen.
    if (focus || !this.host.shadowRoot?.activeElement) this.heading.focus();
  }

  /** Tells those who listen rather than look. */
  announce(text: string): void {
    if (this.live.textContent !== text) this.live.textContent = text;
  }

  part(name: string): HTMLElement | null {
    return this.dialog.querySelector(`[part~="${name}"]`);
  }

  /** Marks the drop zone while a file is held over it. */
  mark(over: boolean): void {
    this.visual.classList.toggle("over", over);
  }
}
