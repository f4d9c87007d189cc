// Reads the product of a try-on: as a script or a trigger names it, else as the page does.

import type { Described } from "../widget/bundles";
import { doc } from "../widget/page";
import type { Product, Settings, TryOnOptions, Variant } from "../widget/public";
import { SELECTOR } from "../widget/triggers";

/** Reads what was said of a product; a trigger's attributes are texts where calls have lists. */
export function readProduct(described: Described): Product {
  const said = described as TryOnOptions & Product & DOMStringMap;
  const given = said.productImages ?? said.images ?? said.productImage ?? said.image;
  const images = [listOf<string>(given)].flat();
  const variants = listOf<Variant>(said.productVariants ?? said.variants);
  return {
    image: images[0] ?? "",
    images,
    title: said.productTitle ?? said.title ?? "",
    id: said.productId ?? said.id ?? "",
    category: said.productCategory ?? said.category ?? "",
    page: said.page_url ?? said.page ?? "",
    variant: "",
    variants: Array.isArray(variants) ? variants : [],
  };
}

/**
 * Returns the product that is meant.
 *
 * Without a picture, it is the one of that title or id on the script's tag or on a trigger; where
 * nothing was said, it may also be the one that the page names to those who share it.
 */
export function findProduct(described: Described, settings: Settings): Product {
  const wanted = readProduct(described);
  const { image, id, title } = wanted;
  if (image) return wanted;
  const triggers = [...doc.querySelectorAll<HTMLElement>(SELECTOR)];
  const found = [settings as Described, ...triggers.map((trigger) => trigger.dataset)]
    .map(readProduct)
    .find((it) => it.image && (!id || it.id === id) && (!title || it.title === title));
  return (
    found ?? (id || title ? wanted : readProduct({ image: meta("image"), title: meta("title") }))
  );
}

/** Reads what the page says by the Open Graph protocol. */
function meta(name: string): string {
  return doc.querySelector<HTMLMetaElement>(`meta[property="og:${name}"]`)?.content ?? "";
}

function listOf<Item>(value: Item[] | string | undefined): Item[] | string {
  if (typeof value !== "string" || !/^\s*\[/.test(value)) return value || [];
  try {
    return JSON.parse(value);
  } catch {
    console.error("Genvoris: data-product-images and data-product-variants must be JSON.");
    return [];
  }
}

/** Gives a product's title, with the size or colour that was chosen. */
export function nameOf({ title, variant }: Product): string {
  return [title, variant].filter(Boolean).join(" – ");
}
