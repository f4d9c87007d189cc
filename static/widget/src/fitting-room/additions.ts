// Parts of the photo and result screens that come from the fitting room.

import { button, el } from "../dialog/dom";
import type { Tools } from "../dialog/tools";
import type { Result } from "../jobs/models";
import { wornIn } from "../jobs/outfit";
import { productName } from "../jobs/product";
import { language, t } from "../locales/strings";
import type { Product } from "../widget/public";
import { canvasOf } from "./canvas";
import type { Kept } from "./keeper";
import { matches } from "./outfits";
import type { Room } from "./room";

const THUMBNAIL = 256;
const MAX_MATCHES = 8;

/** Return the offer of the last photo, which a new one need not be chosen for. */
export function drawLastPhoto(room: Room): HTMLElement | null {
  const { collection, outfits, model } = room;
  const { screen, photo } = model;
  const free = screen.name === "photo" && !screen.reading && !photo && !outfits.isUnderWay;
  return free && collection.photo ? lastPhoto(room, collection.photo) : null;
}

/** Return what else the photo screen offers, such as what was made of this product. */
export function drawOnPhoto(room: Room): Node[] {
  const { collection, outfits, model } = room;
  const reading = model.screen.name === "photo" && model.screen.reading;
  if (outfits.isUnderWay) return [...outfitParts(room, wornIn(model.product))];
  return nodesOf([
    room.mayKeepPhoto && !reading && keepQuestion(room),
    pictureRow(room, collection.of(model.product)),
    undoRow(room),
    roomLink(room),
  ]);
}

/** Return what a result offers: what it is worn with, and how long it is kept. */
export function drawOnResult(room: Room, result: Result): Node[] {
  const { collection } = room;
  const worn = wornIn(result.product);
  const kept = collection.ofJob(result.id);
  const picture = async () => (room.context.tools as Tools).fetchPicture(result.imageUrl);
  return nodesOf([
    ...(worn.length > 1 ? outfitParts(room, worn) : []),
    matchRow(room, worn, picture),
    kept && keptNote(room, kept),
    undoRow(room),
    roomLink(room),
  ]);
}

/** Return what a result whose picture is missing offers: its copies on this device. */
export function drawOnMissing(room: Room): Node[] {
  return nodesOf([pictureRow(room, room.collection.of(room.model.product)), roomLink(room)]);
}
/** Return the way to all that was tried on, which a paywall leaves in reach. */
export const drawOnPaywall = (room: Room): Node[] => nodesOf([roomLink(room)]);

const nodesOf = (parts: (Node | false | null | undefined)[]): Node[] =>
  parts.filter((part): part is Node => Boolean(part));

/** Return a day, as the shopper's language writes it. */
export function dayOf(time: number): string {
  return new Date(time).toLocaleDateString(language(), { day: "numeric", month: "long" });
}

/** Return the titles of all that is worn. */
export function titlesOf(products: Product[]): string {
  const format = new Intl.ListFormat(language(), { type: "conjunction" });
  return format.format(products.map(productName));
}

function lastPhoto(room: Room, kept: Kept): HTMLElement {
  const { collection } = room;
  const use = el(
    "button",
    { type: "button", class: "last", part: "last-photo", onClick: () => room.useLastPhoto(kept) },
    canvasOf(collection.picture(kept), "", THUMBNAIL),
    el("b", {}, t("lastPhoto")),
  );
  const text = t("keptUntil", { date: dayOf(kept.ends) });
  const remove = button("quiet", "deleteKept", () => collection.removePhoto());
  return el("div", { class: "note" }, use, el("p", { class: "soft" }, text), remove);
}

function keepQuestion(room: Room): HTMLElement {
  const box = el("input", { type: "checkbox" });
  box.checked = room.keepsPhoto;
  box.addEventListener("change", () => {
    room.keepsPhoto = box.checked;
  });
  const text = t("keepPhoto", { date: dayOf(room.collection.end) });
  return el("label", { class: "keep", part: "keep-photo" }, box, text);
}

function pictureRow(room: Room, pictures: Kept[]): HTMLElement | null {
  if (!pictures.length) return null;
  const items = pictures.map((kept) => {
    const label = t("resultAlt", { title: titlesOf(kept.products) });
    const canvas = canvasOf(room.collection.picture(kept), label, THUMBNAIL);
    const onClick = () => room.open(kept.id);
    return el("li", {}, el("button", { type: "button", part: "sample", onClick }, canvas));
  });
  const list = el("ul", { class: "row samples" }, ...items);
  return el("div", {}, el("p", { class: "soft" }, t("triedOn")), list);
}

/** Return the products to wear with what is worn; a click makes the picture the next photo. */
export function matchRow(
  room: Room,
  worn: Product[],
  picture: () => Promise<Blob>,
): HTMLElement | null {
  const triedOn = room.collection.pictures.flatMap(({ products }) => products.slice(-1));
  const found = matches(worn, triedOn).slice(0, MAX_MATCHES);
  if (!found.length) return null;
  const items = found.map((product) => {
    const onClick = () => room.outfits.wear(product, worn, picture());
    const image = el("img", { src: product.image, alt: "" });
    const name = el("span", { dir: "auto" }, productName(product));
    const spends = room.context.tools?.cost(room.model, "unseen");
    const parts = [image, name, " ", spends];
    return el("li", {}, el("button", { type: "button", class: "match", onClick }, ...parts));
  });
  const list = el("ul", { class: "row matches", part: "matches" }, ...items);
  const cost = room.context.tools?.cost(room.model);
  const title = el("p", { class: "soft" }, t("wearWith"), " ", cost);
  return el("div", {}, title, list);
}

/** Return what is worn, and the way back to the picture before. */
function outfitParts(room: Room, worn: Product[]): HTMLElement[] {
  const items = worn.map((product) =>
    el(
      "li",
      {},
      product.image && el("img", { src: product.image, alt: "" }),
      el("span", { dir: "auto" }, productName(product)),
    ),
  );
  const chain = el("ol", { class: "chain", part: "outfit", "aria-label": t("outfit") }, ...items);
  if (!room.outfits.isUnderWay) return [chain];
  return [chain, button("secondary", "takeOff", () => room.outfits.undo())];
}

function keptNote(room: Room, kept: Kept): HTMLElement {
  const text = t("keptUntil", { date: dayOf(kept.ends) });
  const remove = button("quiet", "deleteKept", () => room.collection.removePicture(kept));
  return el("div", { class: "note", part: "kept" }, el("p", { class: "soft" }, text), remove);
}

/** Return the way to undo a deletion, for some seconds after it. */
export function undoRow({ collection }: Room): HTMLElement | null {
  const { deletion } = collection;
  return deletion && el("div", { class: "note" }, el("p", {}, t("keptDeleted")), deletion.button);
}

function roomLink(room: Room): HTMLElement | null {
  const count = new Set(room.collection.pictures.map(({ id }) => id)).size;
  if (!count) return null;
  const link = button("quiet", "fittingRoom", () => room.open());
  link.part.add("fitting-room-link");
  return link;
}
