// Recognizes pictures that were made already: making one again would be charged again.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import type { Result } from "./models";

export function isSameProduct(one: Product, other: Product): boolean {
  return one.id === other.id && one.image === other.image && one.variant === other.variant;
}

/** Whether a picture of this photo and product exists, as far as can be told at once. */
export function isMade(results: Result[], photo: Photo | null, product: Product): boolean {
  return results.some((each) => each.photo === photo && isSameProduct(each.product, product));
}

/** Return the picture that was made of this photo and product. */
export async function findPicture(
  results: Result[],
  photo: Photo,
  product: Product,
): Promise<Result | undefined> {
  for (const result of results) {
    if (!isSameProduct(result.product, product)) continue;
    if (result.photo && (await isSamePhoto(result.photo, photo))) return result;
  }
  return undefined;
}

/** Whether two photos are the same, such as a file that was chosen twice. */
async function isSamePhoto(one: Photo, other: Photo): Promise<boolean> {
  if (one.blob === other.blob) return true;
  if (one.blob.size !== other.blob.size) return false;
  const [mine = [], theirs = []] = await Promise.all(
    [one, other].map(async ({ blob }) => new Uint8Array(await blob.arrayBuffer())),
  );
  return mine.every((byte, at) => byte === theirs[at]);
}
