// The overview of all that was tried on: one picture large, all of them small, and the cart.

import { button, el } from "../dialog/dom";
import { linkOf } from "../dialog/links";
import { emit } from "../dialog/page-events";
import type { View } from "../dialog/screens/view";
import { t } from "../locales/strings";
import type { Product } from "../widget/public";
import { dayOf, matchRow, titlesOf, undoRow } from "./additions";
import { canvasOf } from "./canvas";
import type { Kept } from "./keeper";
import { nameOf } from "./outfits";
import type { Room } from "./room";

const TILE = 320;

export class Overview {
  #shown: string | undefined;
  readonly #ticked = new Set<string>();
  #notice = "";

  constructor(private readonly room: Room) {}

  /** Show a picture large; the newest one by default. */
  choose(id?: string): void {
    this.#shown = id;
    this.#ticked.clear();
    this.#notice = "";
  }

  show(view: View): void {
    view.heading = t("fittingRoom");
    const [visual, side] = this.#draw();
    view.visual = visual;
    view.side = side;
  }

  /** Show what has changed. */
  refresh(): void {
    const { element } = this.room.context;
    const side = element.part("side");
    const [visual, parts] = this.#draw();
    element.part("visual")?.replaceChildren(...visual);
    side?.replaceChildren(...parts);
  }

  #draw(): [Node[], Node[]] {
    const pictures = byProduct(this.room.collection.pictures);
    const shown = pictures.find(({ id }) => id === this.#shown) ?? pictures[0];
    const back = button("secondary", "back", () => this.room.back());
    const undo = undoRow(this.room);
    if (!shown) {
      const text = el("p", { class: "soft" }, t("fittingRoomEmpty"));
      return [
        [],
        [text, undo, el("div", { class: "actions" }, back)].filter((each) => each !== null),
      ];
    }
    const side = [
      this.#about(shown),
      undo,
      this.#notice && el("p", { role: "alert" }, this.#notice),
      el(
        "ul",
        { class: "tiles", part: "tiles" },
        ...pictures.map((kept) => this.#tile(kept, shown)),
      ),
      matchRow(this.room, shown.products, () => this.room.collection.picture(shown)),
      el("div", { class: "actions" }, this.#cartButton(shown), back, this.#deletion(shown)),
    ];
    return [
      [this.#picture(shown)],
      side.filter((each): each is HTMLElement => typeof each === "object" && each !== null),
    ];
  }

  #picture(shown: Kept): HTMLElement {
    const label = t("resultAlt", { title: titlesOf(shown.products) });
    return canvasOf(this.room.collection.picture(shown), label);
  }

  /** What is worn in a picture, with links to the products' pages, and how long it is kept. */
  #about({ products, ends }: Kept): HTMLElement {
    const names = products.map((product) => {
      const url = linkOf(product.page);
      const name = el("strong", { dir: "auto" }, titlesOf([product]));
      return el("li", {}, url ? el("a", { href: url }, name) : name);
    });
    const until = el("p", { class: "soft" }, t("keptUntil", { date: dayOf(ends) }));
    return el("div", { part: "kept" }, el("ul", {}, ...names), until);
  }

  #tile(kept: Kept, shown: Kept): HTMLElement {
    const title = titlesOf(kept.products);
    const canvas = canvasOf(this.room.collection.picture(kept), t("resultAlt", { title }), TILE);
    const onClick = () => {
      this.#shown = kept.id;
      this.refresh();
      this.#focusTile(kept.id);
    };
    const pressed = kept === shown && "true";
    const picture = el(
      "button",
      { type: "button", part: "sample", "aria-pressed": pressed, "data-id": kept.id, onClick },
      canvas,
    );
    const name = el("span", { class: "soft", dir: "auto" }, title);
    return el("li", {}, picture, this.#box(kept, title), name);
  }

  #focusTile(id: string): void {
    const root = this.room.context.element.dialog;
    const tiles = root.querySelectorAll<HTMLElement>(".tiles button");
    [...tiles].find((tile) => tile.dataset.id === id)?.focus();
  }

  #box({ id }: Kept, title: string): HTMLElement | null {
    if (this.room.context.config.addToCart === undefined) return null;
    const box = el("input", { type: "checkbox", "aria-label": t("choosePicture", { title }) });
    box.checked = this.#ticked.has(id);
    box.addEventListener("change", () => {
      if (box.checked) this.#ticked.add(id);
      else this.#ticked.delete(id);
      const cart = this.room.context.element.part("cart");
      if (cart) cart.textContent = this.#cartLabel;
    });
    return el("label", { class: "tick" }, box);
  }

  get #cartLabel(): string {
    const count = this.#ticked.size;
    return count ? t("cartChosen", { count }) : t("cart");
  }

  #cartButton(shown: Kept): HTMLElement | null {
    if (this.room.context.config.addToCart === undefined) return null;
    const cart = button("primary", "cart", () => this.#addToCart(shown));
    cart.part.add("cart");
    cart.textContent = this.#cartLabel;
    return cart;
  }

  #addToCart(shown: Kept): void {
    const { context, collection } = this.room;
    const ticked = collection.pictures.filter(({ id }) => this.#ticked.has(id));
    const chosen = ticked.length ? ticked : [shown];
    const products = unique(chosen.flatMap(({ products }) => products));
    const product = products.at(-1) as Product;
    for (const each of products) context.tracker.track("ADDED_TO_CART", each);
    const id = chosen.length > 1 ? "" : (chosen[0]?.id.split("/")[1] ?? "");
    // Nothing else on the page can be used while a modal dialog is open.
    context.element.onClose?.();
    if (!emit("add-to-cart", { id, image_url: "", product, products })) return;
    const url = linkOf(product.page);
    if (products.length > 1) {
      // The page has one button, for one product.
      this.room.open(shown.id);
      this.#notice = t("cartSingly");
      this.refresh();
    } else if (!url || new URL(url, location.href).pathname === location.pathname) {
      context.tools?.pressCartButton(context.config.addToCart);
    } else {
      location.assign(url);
    }
  }

  #deletion(shown: Kept): HTMLElement {
    const { collection } = this.room;
    return el(
      "div",
      { class: "pair" },
      button("quiet", "deletePicture", () => collection.removePicture(shown)),
      button("quiet", "deleteAllKept", () => collection.removeAll()),
    );
  }
}

/** Return pictures of the same product beside each other, the newest product first. */
export function byProduct(pictures: Kept[]): Kept[] {
  const groups = new Map<string, Kept[]>();
  for (const kept of pictures) {
    const name = nameOf(kept.products.at(-1) as Product);
    groups.set(name, [...(groups.get(name) ?? []), kept]);
  }
  return [...groups.values()].flat();
}

/** Return products without repetitions. */
function unique(products: Product[]): Product[] {
  const named = products.map((each) => [nameOf(each) + each.variant, each] as const);
  return [...new Map(named).values()];
}
