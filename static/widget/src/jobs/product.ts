// The product of a try-on: given by a script or a trigger, or found on the page.

import type { ProductInput } from "../widget/bundles";
import { doc } from "../widget/page";
import type { Pair, Product, Settings, TryOnOptions, Variant } from "../widget/public";
import { TRIGGER_SELECTOR } from "../widget/triggers";

/** Read a product from a call, a trigger's data attributes, or an earlier reading. */
export function readProduct(input: ProductInput): Product {
  const data = input as TryOnOptions & Product & DOMStringMap;
  const images = data.productImages ?? data.images ?? data.productImage ?? data.image;
  const list = [parseList<string>(images)].flat();
  const variants = parseList<Variant>(data.productVariants ?? data.variants);
  return {
    image: list[0] ?? "",
    images: list,
    title: data.productTitle ?? data.title ?? "",
    id: data.productId ?? data.id ?? "",
    category: data.productCategory ?? data.category ?? "",
    page: data.page_url ?? data.page ?? "",
    variant: "",
    variants: Array.isArray(variants) ? variants : [],
    pairs: [parseList<Pair>(data.productPairs ?? data.pairs)].flat() as Pair[],
  };
}

/**
 * Find the product to try on.
 *
 * An input without a picture refers to a product on the script tag or a trigger, by its title or
 * id. An empty input may also mean the product of the page's Open Graph tags.
 */
export function findProduct(input: ProductInput, settings: Settings): Product {
  const wanted = readProduct(input);
  const { image, id, title } = wanted;
  if (image) return wanted;
  const triggers = [...doc.querySelectorAll<HTMLElement>(TRIGGER_SELECTOR)];
  const found = [settings as ProductInput, ...triggers.map((trigger) => trigger.dataset)]
    .map(readProduct)
    .find((it) => it.image && (!id || it.id === id) && (!title || it.title === title));
  return (
    found ?? (id || title ? wanted : readProduct({ image: meta("image"), title: meta("title") }))
  );
}

/** Return a property of the page's Open Graph tags. */
function meta(name: string): string {
  return doc.querySelector<HTMLMetaElement>(`meta[property="og:${name}"]`)?.content ?? "";
}

/** Parse a JSON array from an attribute; other values stay as they are. */
function parseList<Item>(value: Item[] | string | undefined): Item[] | string {
  if (typeof value !== "string" || !/^\s*\[/.test(value)) return value || [];
  try {
    return JSON.parse(value);
  } catch {
    console.error("Genvoris: data-product-images and data-product-variants must be JSON.");
    return [];
  }
}

/** Return a product's title, with the selected variant. */
export function productName({ title, variant }: Product): string {
  return [title, variant].filter(Boolean).join(" – ");
}
