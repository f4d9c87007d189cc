// Finds the elements that open a try-on, also those that are added later.

import type { Product, TryOnOptions, Variant } from "./public";

export const SELECTOR = "[data-genvoris-trigger],.genvoris-tryon-btn";

/** Gives the trigger that an event happened in. */
export function triggerOf(event: Event): HTMLElement | undefined {
  // The whole path, since a trigger may hold, or be in, another component's shadow root.
  return event
    .composedPath()
    .find((node): node is HTMLElement => node instanceof HTMLElement && node.matches(SELECTOR));
}

/** Reads a product from a trigger's data attributes. */
export function describe(data: DOMStringMap): Product {
  let variants: Variant[] = [];
  try {
    variants = JSON.parse(data.productVariants || "[]");
  } catch {
    console.error("Genvoris: data-product-variants must be JSON.");
  }
  const { productImage, productTitle, productId, productCategory } = data;
  return productOf(productImage, productTitle, productId, productCategory, "", variants);
}

/** Reads a product from what `open` was given. */
export function fromOptions(options: TryOnOptions): Product {
  const { productTitle, productId, productCategory, page_url, productVariants } = options;
  const image = [options.productImages].flat()[0];
  return productOf(image, productTitle, productId, productCategory, page_url, productVariants);
}

function productOf(
  image = "",
  title = "",
  id = "",
  category = "",
  page = "",
  variants: Variant[] = [],
): Product {
  return { image, title, id, category, page, variant: "", variants };
}
