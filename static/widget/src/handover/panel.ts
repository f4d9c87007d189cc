// Asks for consent, shows the QR code, follows what the phone does, and takes the photo that it sends.

import { button, type Child, el, icon } from "../dialog/dom";
import { ProblemError } from "../jobs/backend";
import { t } from "../locales/strings";
import { HandoverClient, type HandoverState, type OpenHandover } from "./client";
import { drawCode } from "./code";

const POLL_INTERVAL = 1500;

export interface PanelHost {
  config: { readonly apiUrl: string };
  /** Called with the photo. */
  take(photo: Blob): void;
  /** Called when the shopper wants another way after all. */
  back(): void;
  announce(text: string): void;
  /** Ask the backend whether the shopper may try on, and what they have yet to agree to. */
  readStatus(): Promise<void>;
  /** Return checkboxes for what they have yet to agree to. */
  askConsent(): Promise<HTMLElement | null>;
  /** Record what was ticked; return false if something was not. */
  giveConsent(boxes: HTMLElement): Promise<boolean>;
}

/** Show the panel in an element; it ends when something else is shown there, or the page ends. */
export function showPhonePanel(place: Element, host: PanelHost): void {
  void new PhonePanel(place, host).start();
}

class PhonePanel {
  readonly #client: HandoverClient;
  readonly #panel = el("div", { class: "phone", part: "phone" });
  #link: OpenHandover | undefined;

  constructor(
    private readonly place: Element,
    private readonly host: PanelHost,
  ) {
    this.#client = new HandoverClient(host.config);
  }

  async start(): Promise<void> {
    this.place.replaceChildren(this.#panel);
    this.#draw(null, t("working"));
    // Before the phone can send anything.
    const boxes = await this.host.askConsent();
    if (boxes) {
      this.#ask(boxes);
      return;
    }
    if (!this.#isShown) return;
    try {
      this.#link = await this.#client.open();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { url } = this.#link;
    this.#show("waiting");
    addEventListener("pagehide", this.#end, { once: true });
    await this.#follow(url);
  }

  /** Whether the shopper still waits here. */
  get #isShown(): boolean {
    return this.#panel.isConnected && Boolean(this.#panel.closest("dialog")?.open);
  }

  async #follow(url: string): Promise<void> {
    let shown: HandoverState = "waiting";
    while (this.#isShown && this.#link?.url === url) {
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
      if (!this.#isShown) break;
      try {
        const state = await this.#client.state(this.#link.id);
        if (state === "sent") return await this.#take();
        if (state !== shown) this.#show(state);
        shown = state;
      } catch (error) {
        // Without a connection, the next poll may succeed.
        if (error instanceof ProblemError && error.problem.status === 0) continue;
        return this.#fail(error);
      }
    }
    this.#end();
  }

  async #take(): Promise<void> {
    const { id } = this.#link as OpenHandover;
    this.#draw(icon(CHECK), t("phoneArrived"));
    try {
      const photo = await this.#client.take(id);
      if (this.#isShown) this.host.take(photo);
    } catch (error) {
      this.#fail(error);
    }
  }

  #show(state: HandoverState): void {
    const { url } = this.#link as OpenHandover;
    if (state === "connected") {
      // The code is of no use to anyone else now.
      this.#draw(icon(PHONE), t("phoneConnected"));
      return;
    }
    this.#draw(
      drawCode(url, t("phoneCode")),
      t("phoneScan"),
      el("p", { class: "soft" }, t("phoneOnce")),
      navigator.clipboard &&
        button("quiet", "phoneCopy", () => {
          navigator.clipboard.writeText(url).then(
            () => this.host.announce(t("copied")),
            () => {},
          );
        }),
    );
  }

  #ask(boxes: HTMLElement): void {
    const agree = button("primary", "phone", async () => {
      agree.disabled = true; // a second click would record it twice
      try {
        if (await this.host.giveConsent(boxes)) return await this.start();
      } catch (error) {
        this.#fail(error);
      }
      agree.disabled = false;
    });
    this.#panel.replaceChildren(boxes, agree, this.#backButton());
    boxes.querySelector("input")?.focus();
  }

  #fail(error: unknown): void {
    if (!this.#isShown) return;
    const detail = error instanceof ProblemError ? error.problem.detail : t("failed");
    this.#draw(
      null,
      detail,
      button("secondary", "phoneNew", () => void this.#renew()),
    );
  }

  /** Begin anew: what is to be agreed to may have changed. */
  async #renew(): Promise<void> {
    await this.host.readStatus();
    await this.start();
  }

  #draw(picture: Node | null, sentence: string, ...more: Child[]): void {
    this.#panel.replaceChildren(
      ...[picture, el("p", {}, sentence), ...more, this.#backButton()].filter(
        (child): child is Node => Boolean(child),
      ),
    );
    this.host.announce(sentence);
  }

  #backButton(): HTMLButtonElement {
    return button("quiet", "phoneBack", () => this.host.back());
  }

  readonly #end = (): void => {
    removeEventListener("pagehide", this.#end);
    if (this.#link) this.#client.close(this.#link.id);
    this.#link = undefined;
  };
}

const CHECK = "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM8 12.5l3 3 5.5-6";
const PHONE = "M8 2h8a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM11 18.5h2";
