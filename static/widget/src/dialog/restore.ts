// Gives back the photo that was kept in this tab while the shopper was on another page.

import { t } from "../locales/strings";
import { fromDataUrl } from "../photo/data-url";
import { prepare } from "../photo/photo";
import type { Config } from "./config";
import type { Store } from "./store";

// What asks the shopper to leave once more stays, with the photo: they may have changed their mind.
const LEADING_AWAY = ["paywall", "login"];

/** Put the photo where the shopper had left it, unless they have chosen another one. */
export async function restorePhoto(store: Store, config: Config, dataUrl: string): Promise<void> {
  if (store.model.screen.name === "photo") store.dispatch({ type: "reading" });
  const photo = await prepare(fromDataUrl(dataUrl), config);
  const { screen, photo: chosen } = store.model;
  if (chosen) return;
  if (typeof photo === "string") {
    if (screen.name === "photo") store.dispatch({ type: "badPhoto", message: photo });
    return;
  }
  photo.kept = true;
  if (screen.name === "photo") {
    store.dispatch({ type: "photo", photo, notice: t("welcomeBack") });
  } else if (LEADING_AWAY.includes(screen.name)) {
    store.dispatch({ type: "photo", photo });
    store.dispatch({ type: "show", screen });
  }
}
