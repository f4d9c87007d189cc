// Entry point of tools.js: what is needed once a shopper has a photo.

import { Jobs } from "../jobs/jobs";
import { fromDataUrl, toDataUrl } from "../photo/data-url";
import { prepare } from "../photo/photo";
import { css } from "../theme/styles-tools";
import type { InternalApi } from "../widget/bundles";
import { drawResult } from "./screens/result";
import { drawWorking, markStage } from "./screens/working";
import { addToCart, shareResult } from "./share";
import { showTriggerState } from "./trigger-state";

const tools = {
  Jobs,
  addToCart,
  css,
  fromDataUrl,
  markStage,
  prepare,
  screens: { working: drawWorking, result: drawResult },
  shareResult,
  showTriggerState,
  toDataUrl,
};

export type Tools = typeof tools;

declare module "../widget/bundles" {
  interface Bundles {
    tools?: Tools;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ tools });
