// What is worn together.

import type { Product } from "../widget/public";

/** Return all that is worn when a product is tried on, the product itself last. */
export const wornIn = (product: Product): Product[] => [...(product.outfit ?? []), product];
