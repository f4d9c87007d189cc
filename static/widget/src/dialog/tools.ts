// Stage three: all that is needed once a shopper has a photo.

import { Jobs } from "../jobs/jobs";
import { fromDataUrl, toDataUrl } from "../photo/data-url";
import { prepare } from "../photo/photo";
import { css } from "../theme/styles-tools";
import type { Internal } from "../widget/bundles";
import { drawResult } from "./screens/result";
import { drawWorking, markStage } from "./screens/working";
import { addToCart, shareResult } from "./share";
import { markTriggers } from "./trigger-state";

const tools = {
  Jobs,
  addToCart,
  css,
  drawResult,
  drawWorking,
  fromDataUrl,
  markStage,
  markTriggers,
  prepare,
  shareResult,
  toDataUrl,
};

export type Tools = typeof tools;

declare module "../widget/bundles" {
  interface Parts {
    tools?: Tools;
  }
}

(window.Genvoris as Internal | undefined)?.attach({ tools });
