// Entry point of design.js, for pages whose tag sets a design for the buttons.

import type { InternalApi } from "../widget/bundles";
import { styleButtons } from "./button";

(window.Genvoris as InternalApi | undefined)?.attach({
  design: (settings, signal) => styleButtons({ ...settings }, signal),
});
