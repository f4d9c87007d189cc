// Entry point of tools.js.

import type { InternalApi } from "../widget/bundles";
import { Actions } from "./actions";
import { FeatureLoader } from "./features";
import { tools } from "./tools";

declare module "../widget/bundles" {
  interface Bundles {
    Actions?: typeof Actions;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ tools, Actions, FeatureLoader });
