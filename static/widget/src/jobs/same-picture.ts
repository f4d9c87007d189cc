// Recognizes pictures that were made already: making one again would be charged again.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { attemptName, readAttempt } from "./attempts";
import type { Result } from "./models";

export function isSameProduct(one: Product, other: Product): boolean {
  return one.id === other.id && one.image === other.image && one.variant === other.variant;
}

/** Whether a picture of this photo and product was made, also before a reload. */
export function isMade(results: Result[], photo: Photo | null, product: Product): boolean {
  if (!photo) return false;
  const made = findPicture(results, photo, product);
  return Boolean(made ?? readAttempt(attemptName(product, photo))?.done);
}

/** Return the picture that was made of this photo and product on this page. */
export function findPicture(
  results: Result[],
  photo: Photo | null,
  product: Product,
): Result | undefined {
  return results.find((each) => {
    return isSamePhoto(each.photo, photo) && isSameProduct(each.product, product);
  });
}

/** Whether two photos are the same, such as a file that was chosen twice. */
function isSamePhoto(one: Photo | null, other: Photo | null): boolean {
  if (!one || !other) return false;
  return one.blob === other.blob || (one.digest !== undefined && one.digest === other.digest);
}
