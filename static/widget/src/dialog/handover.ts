// Loads the panel with the QR code, when the shopper wants to use their phone.

import type { WidgetContext } from "../widget/bundles";
import {
  agreed,
  type ConsentContext,
  consentBox,
  isTicked,
  neededConsent,
  recordConsent,
} from "./consent";
import type { DialogElement } from "./element";

declare const __HANDOVER__: string;

/** What of the dialog's context the panel needs. */
interface PanelContext extends ConsentContext {
  readonly widget: WidgetContext;
  readonly element: DialogElement;
  loadAll(): Promise<unknown>;
}

/** Show the panel in place of the drop zone; `take` gets the photo that the phone sends. */
export async function showPhonePanel(
  context: PanelContext,
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
    readStatus: () => {
      agreed.clear(); // it may have been withdrawn since
      return readStatus();
    },
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
