// Outfits: a finished picture is the photo for the next garment.

import type { DialogContext } from "../dialog/context";
import { el } from "../dialog/dom";
import type { Screen } from "../dialog/reducer";
import { productName, readProduct } from "../jobs/product";
import { t } from "../locales/strings";
import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { paint } from "./canvas";

/** What the photo was, and where the shopper was, before a picture became the photo. */
interface Step {
  photo: Photo | null;
  product: Product;
  screen: Screen;
}

export class Outfits {
  readonly #steps: Step[] = [];

  constructor(private readonly context: DialogContext) {}

  get isUnderWay(): boolean {
    return this.#steps.length > 0;
  }

  /** Make a picture of what is worn already the photo for the next garment. */
  async wear(garment: Product, worn: Product[], picture: Promise<Blob>): Promise<void> {
    const { store } = this.context;
    const { photo, product, screen } = store.model;
    let next: Photo;
    try {
      const blob = await picture;
      const preview = await paint(el("canvas"), blob).catch(() => null);
      next = { blob, preview, digest: await this.context.tools?.digestOf(blob) };
    } catch (error) {
      const { tools, element } = this.context;
      if (tools) tools.showTrouble(element, tools.reasonOf(error));
      return;
    }
    if (store.model.screen !== screen) return; // the shopper has gone on
    this.#steps.push({ photo, product, screen });
    store.dispatch({ type: "backToPhoto", product: { ...garment, outfit: worn } });
    const notice = t("wearNotice", { title: productName(garment) });
    store.dispatch({ type: "photo", photo: next, notice });
  }

  /** Go back to the picture before. */
  undo(): void {
    const step = this.#steps.pop();
    if (!step) return;
    const { store } = this.context;
    this.#restore(step.photo);
    store.dispatch({ type: "backToPhoto", product: step.product });
    store.dispatch({ type: "show", screen: step.screen });
  }

  /** Another product is for the shopper's own photo again. */
  end(): void {
    const [first] = this.#steps.splice(0);
    if (first) this.#restore(first.photo);
  }

  #restore(photo: Photo | null): void {
    this.context.store.dispatch({ type: "photo", photo });
  }
}

/** Return the products to wear with what is worn: the garments' pairs, then those tried on. */
export function matches(worn: Product[], triedOn: Product[]): Product[] {
  const pairs = worn.flatMap((product) => product.pairs ?? []).filter((pair) => pair.title);
  const names = new Set(worn.map(nameOf));
  return [...pairs.map((pair) => readProduct(pair as Product)), ...triedOn].filter((product) => {
    const name = nameOf(product);
    return product.image && !names.has(name) && names.add(name);
  });
}

export const nameOf = ({ id, image }: Product): string => id || image;
