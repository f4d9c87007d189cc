// Loads the panel with the QR code, when the shopper wants to use their phone.

import { consentBox, isTicked, neededConsent, recordConsent } from "./consent";
import type { DialogContext } from "./context";

declare const __HANDOVER__: string;

/** Show the panel in place of the drop zone; `take` gets the photo that the phone sends. */
export async function showPhonePanel(
  context: DialogContext,
  take: (photo: Blob) => void,
  back: () => void,
  readStatus: () => Promise<void>,
): Promise<void> {
  const { widget, element, config, store } = context;
  const loaded = widget.bundles.handover;
  await widget.load("handover", __HANDOVER__);
  const { handover } = widget.bundles;
  const place = element.part("visual");
  if (!handover || !place) return;
  if (!loaded) element.addStyle(handover.css);
  handover.showPhonePanel(place, {
    config,
    take,
    back,
    readStatus,
    announce: (text) => element.announce(text),
    askConsent: async () => {
      if (store.model.consent === undefined) await readStatus();
      return neededConsent(store.model, config) ? consentBox(store.model, config) : null;
    },
    giveConsent: async (box) => {
      if (!isTicked(box)) return false;
      await context.loadAll();
      await recordConsent(context);
      return true;
    },
  });
}
