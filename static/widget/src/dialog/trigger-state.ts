// Shows on the page's triggers that a try-on of their product is running, or ready.

import { readProduct } from "../jobs/product";
import { t } from "../locales/strings";
import { doc } from "../widget/page";
import type { Product } from "../widget/public";
import { TRIGGER_SELECTOR } from "../widget/triggers";

export type TriggerState = "running" | "ready";

const ATTRIBUTE = "data-genvoris-state";

/** Set the state of a product's triggers, and clear that of all others. */
export function showTriggerState(product: Product, state: TriggerState | null): void {
  for (const trigger of doc.querySelectorAll<HTMLElement>(TRIGGER_SELECTOR)) {
    const same = opens(trigger, product);
    if (same && state) trigger.setAttribute(ATTRIBUTE, state);
    else trigger.removeAttribute(ATTRIBUTE);
    relabel(trigger, same ? state : null);
  }
}

/** Return a product's first trigger on this page. */
export function findTrigger(product: Product): HTMLElement | null {
  const triggers = doc.querySelectorAll<HTMLElement>(TRIGGER_SELECTOR);
  return [...triggers].find((trigger) => opens(trigger, product)) ?? null;
}

function opens({ dataset }: HTMLElement, product: Product): boolean {
  const { id, image } = readProduct(dataset);
  return product.id ? id === product.id : image === product.image;
}

/**
 * Change the label, if it is one plain text; other content of a trigger stays as it is.
 *
 * Attributes keep the shop's label and ours, since routers restore copies of the page's HTML. A
 * label that is not ours has been changed by the shop meanwhile, and is what returns later.
 */
function relabel({ childNodes, dataset }: HTMLElement, state: TriggerState | null): void {
  const contents = [...childNodes].filter((child) => !(child instanceof Comment));
  const [node, ...more] = contents.filter((child) => child.textContent?.trim());
  if (!(node instanceof Text) || more.length) return;
  const ours = node.data === dataset.genvorisShown;
  const label = (ours && dataset.genvorisLabel) || node.data;
  if (state) {
    dataset.genvorisLabel = label;
    node.data = dataset.genvorisShown = t(state);
  } else {
    if (ours) node.data = label;
    delete dataset.genvorisLabel;
    delete dataset.genvorisShown;
  }
}
