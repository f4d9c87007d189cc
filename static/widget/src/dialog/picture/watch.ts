// Notices pictures that cannot be loaded, wherever the dialog shows them.

import type { DialogElement } from "../element";
import type { Store } from "../store";
import { type Absence, fetchPicture, placeholder, reasonOf } from "./absence";

/**
 * Replace pictures that cannot be loaded, until the browser is online again.
 *
 * The store hears of a result's picture. Others that the server has deleted leave their list.
 */
export function watchPictures(element: DialogElement, store: Store, signal: AbortSignal): void {
  const { dialog } = element;
  const replaced = new Map<Element, HTMLImageElement>();
  const tried = new WeakSet<HTMLImageElement>();

  const onError = async (image: HTMLImageElement) => {
    const why = await absenceOf(image);
    if (!image.isConnected) return; // another screen is shown
    if (!why && !tried.has(image)) {
      tried.add(image);
      reload(image);
      return;
    }
    const url = image.getAttribute("src");
    const result = store.model.results.find(({ imageUrl }) => imageUrl === url);
    if (result) store.dispatch({ type: "missing", result, why: why ?? "failed" });
    if (!image.isConnected) return;
    if (why === "gone" && leaveRow(image)) return;
    const instead = placeholder(image.alt);
    image.replaceWith(instead);
    replaced.set(instead, image);
  };

  const onOnline = () => {
    for (const [instead, image] of replaced) {
      instead.replaceWith(image);
      reload(image);
    }
    replaced.clear();
    const { screen } = store.model;
    if (screen.name === "missing" && screen.why !== "gone") {
      store.dispatch({ type: "showResult", result: screen.result });
    }
  };

  const onAnyError = ({ target }: Event) => {
    if (target instanceof HTMLImageElement) void onError(target);
  };
  dialog.addEventListener("error", onAnyError, { capture: true, signal });
  addEventListener("online", onOnline, { signal });
  for (const image of dialog.querySelectorAll("img")) image.decode().catch(() => onError(image));
}

/** Ask the shop why a picture cannot be loaded; other servers would not answer. */
async function absenceOf({ src }: HTMLImageElement): Promise<Absence | null> {
  if (new URL(src).origin !== location.origin) return navigator.onLine ? "failed" : "offline";
  return fetchPicture(src, "HEAD").then(() => null, reasonOf);
}

function reload(image: HTMLImageElement): void {
  const { src } = image;
  image.src = src;
}

/** Take a picture out of a row to choose from, and the row away if it was the last one. */
function leaveRow(image: HTMLImageElement): boolean {
  const item = image.closest(".row li");
  const row = item?.parentElement;
  item?.remove();
  if (row && !row.children.length) row.parentElement?.remove();
  return Boolean(item);
}
