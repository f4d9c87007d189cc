// Entry point of handover.js: a QR code by which the shopper's phone takes the photo.

import type { InternalApi } from "../widget/bundles";
import { showPhonePanel } from "./panel";
import { css } from "./styles";

const handover = { css, showPhonePanel };

declare module "../widget/bundles" {
  interface Bundles {
    handover?: typeof handover;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ handover });
