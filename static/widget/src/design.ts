// The design of the shop's buttons, for pages whose tag says one.

import { dressButtons } from "./button";
import type { Internal } from "./shared";

(window.Genvoris as Internal | undefined)?.attach({
  design: (settings, signal) => dressButtons({ ...settings }, signal),
});
