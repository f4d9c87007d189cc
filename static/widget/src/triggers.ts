// Finds the elements that open a try-on, also those that are added later.

import type { Product, TryOnOptions } from "./shared";

const SELECTOR = "[data-genvoris-trigger], .genvoris-tryon-btn";
const INTENT = ["pointerover", "focusin", "touchstart"] as const;

/** Listens on the whole page: once for each click, and early for signs that one may come. */
export function listen(
  onIntent: () => void,
  onClick: (product: Product, trigger: HTMLElement) => void,
): void {
  for (const type of INTENT) {
    addEventListener(type, (event) => find(event) && onIntent(), { capture: true, passive: true });
  }
  addEventListener("click", (event) => {
    const trigger = find(event);
    if (!trigger || event.defaultPrevented) return;
    event.preventDefault();
    onClick(describe(trigger.dataset), trigger);
  });
}

/** Reads a product from a trigger's data attributes. */
export function describe(data: DOMStringMap): Product {
  return {
    image: data.productImage || "",
    title: data.productTitle || "",
    id: data.productId || "",
    category: data.productCategory || "",
    page: "",
  };
}

/** Reads a product from what `openTryOn` was given. */
export function fromOptions(options: TryOnOptions): Product {
  return {
    image: [options.productImages].flat()[0] || "",
    title: options.productTitle || "",
    id: options.productId || "",
    category: options.productCategory || "",
    page: options.page_url || "",
  };
}

function find(event: Event): HTMLElement | null {
  // The whole path, since a trigger may hold, or be in, another component's shadow root.
  for (const target of event.composedPath()) {
    if (target instanceof HTMLElement && target.matches(SELECTOR)) return target;
  }
  return null;
}
