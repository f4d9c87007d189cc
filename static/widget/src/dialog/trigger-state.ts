// Shows on the page's own triggers that a try-on of their product runs, or is ready.

import { readProduct } from "../jobs/product";
import { t } from "../locales/strings";
import { doc } from "../widget/page";
import type { Product } from "../widget/public";
import { SELECTOR } from "../widget/triggers";

export type Mark = "running" | "ready";

const ATTRIBUTE = "data-genvoris-state";
const own = new WeakMap<Text, string>();

/** Marks the triggers of a product; null takes every mark away. */
export function markTriggers(product: Product, mark: Mark | null): void {
  for (const trigger of doc.querySelectorAll<HTMLElement>(SELECTOR)) {
    const { id, image } = readProduct(trigger.dataset);
    const same = product.id ? id === product.id : image === product.image;
    const state = same ? mark : null;
    if (state) trigger.setAttribute(ATTRIBUTE, state);
    else trigger.removeAttribute(ATTRIBUTE);
    relabel(trigger, state);
  }
}

/** Changes a plain label; what else a shop has in its trigger is left as it is. */
function relabel(trigger: HTMLElement, mark: Mark | null): void {
  for (const node of trigger.childNodes) {
    if (!(node instanceof Text) || !node.data.trim()) continue;
    const label = own.get(node) ?? node.data;
    own.set(node, label);
    node.data = mark ? t(mark) : label;
    return;
  }
}
