// Entry point of fitting-room.js: what is kept on this device, and outfits.

import type { DialogContext } from "../dialog/context";
import type { InternalApi } from "../widget/bundles";
import { FittingRoom } from "./fitting-room";

const fittingRoom = (context: DialogContext) => new FittingRoom(context);

declare module "../widget/bundles" {
  interface Bundles {
    fittingRoom?: typeof fittingRoom;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ fittingRoom });
