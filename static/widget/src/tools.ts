// Stage three: all that is needed once a shopper has a photo.

import { fromDataUrl, toDataUrl } from "./data-url";
import { Jobs } from "./jobs";
import { markTriggers } from "./marks";
import { prepare } from "./photo";
import { drawResult } from "./screens/result";
import { drawWorking, markStage } from "./screens/working";
import { addToCart, shareResult } from "./share";
import type { Internal } from "./shared";
import { css } from "./styles-tools";

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

(window.Genvoris as Internal | undefined)?.attach({ tools });
