// Shows on the page what happens, or waits, behind the closed dialog.

import { t } from "../locales/strings";
import { el } from "./dom";
import type { DialogElement } from "./element";
import type { Store } from "./store";
import { showTriggerState } from "./trigger-state";

export function showBackground(element: DialogElement, store: Store): void {
  const { screen, product, open, unseen } = store.model;
  const running = screen.name === "working";
  const state = running ? "running" : unseen && screen.name === "result" ? "ready" : null;
  showTriggerState(product, state);
  const visible = !open && (running || unseen);
  showPill(element, visible ? t(state ?? "problem") : "", running);
}

/** Show the state of a minimised job over the page; an empty text hides it. */
function showPill(element: DialogElement, text: string, busy: boolean): void {
  const root = element.host.shadowRoot;
  const known = root?.querySelector<HTMLElement>(".pill");
  if (!known && !text) return;
  const pill = known ?? createPill(element);
  if (!known) root?.append(pill);
  pill.textContent = text;
  pill.className = busy ? "pill busy" : "pill";
  pill.hidden = !text;
  if (text) element.attach();
  // In the top layer; browsers without popovers show it in its place.
  if (pill.isConnected) pill.togglePopover?.(Boolean(text));
}

function createPill(element: DialogElement): HTMLElement {
  const { dialog } = element;
  const onClick = () => element.onReopen?.();
  const attributes = { type: "button", class: "pill", part: "pill", popover: "manual", onClick };
  const pill = el("button", attributes);
  [pill.lang, pill.dir, pill.style.cssText] = [dialog.lang, dialog.dir, dialog.style.cssText];
  return pill;
}
