// Shows on the page's triggers that a try-on of their product is running, or ready.

import { readProduct } from "../jobs/product";
import { t } from "../locales/strings";
import { doc } from "../widget/page";
import type { Product } from "../widget/public";
import { TRIGGER_SELECTOR } from "../widget/triggers";

export type TriggerState = "running" | "ready";

const ATTRIBUTE = "data-genvoris-state";
const labels = new WeakMap<Text, string>();

/** Set the state of a product's triggers, and clear that of all others. */
export function showTriggerState(product: Product, state: TriggerState | null): void {
  for (const trigger of doc.querySelectorAll<HTMLElement>(TRIGGER_SELECTOR)) {
    const { id, image } = readProduct(trigger.dataset);
    const same = product.id ? id === product.id : image === product.image;
    if (same && state) trigger.setAttribute(ATTRIBUTE, state);
    else trigger.removeAttribute(ATTRIBUTE);
    relabel(trigger, same ? state : null);
  }
}

/** Change the label, if it is plain text; other content of a trigger stays as it is. */
function relabel(trigger: HTMLElement, state: TriggerState | null): void {
  for (const node of trigger.childNodes) {
    if (!(node instanceof Text) || !node.data.trim()) continue;
    const label = labels.get(node) ?? node.data;
    labels.set(node, label);
    node.data = state ? t(state) : label;
    return;
  }
}
