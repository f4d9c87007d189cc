// Loads the panel with the QR code, when the shopper wants to use their phone.

import type { WidgetContext } from "../widget/bundles";
import type { Config } from "./config";
import type { DialogElement } from "./element";

declare const __HANDOVER__: string;

/** Show the panel in place of the drop zone; `take` gets the photo that the phone sends. */
export async function showPhonePanel(
  { widget, element, config }: { widget: WidgetContext; element: DialogElement; config: Config },
  take: (photo: Blob) => void,
  back: () => void,
): Promise<void> {
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
    announce: (text) => element.announce(text),
  });
}
