// Entry point of tools.js.

import type { InternalApi } from "../widget/bundles";
import { Actions } from "./actions";
import { FittingRoomLoader } from "./fitting-room";
import { tools } from "./tools";

declare module "../widget/bundles" {
  interface Bundles {
    Actions?: typeof Actions;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ tools, Actions, FittingRoomLoader });
