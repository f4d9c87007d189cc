// The design of the shop's buttons, for pages whose tag says one.

import type { Internal } from "../widget/bundles";
import { dressButtons } from "./button";

(window.Genvoris as Internal | undefined)?.attach({
  design: (settings, signal) => dressButtons({ ...settings }, signal),
});
