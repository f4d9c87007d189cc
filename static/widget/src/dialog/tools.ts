// What the dialog uses of tools.js, which follows its first screen.

import { Jobs } from "../jobs/jobs";
import { addSentences } from "../locales/strings";
import { fromDataUrl, toDataUrl } from "../photo/data-url";
import { prepare } from "../photo/photo";
import { css } from "../theme/styles-tools";
import type { Text } from "../widget/public";
import { showBackground } from "./background";
import { Deletion } from "./deletion";
import { showPhonePanel } from "./handover";
import { fetchPicture, reasonOf } from "./picture/absence";
import { watchPictures } from "./picture/watch";
import { earlierRow } from "./screens/earlier";
import { drawLogin, drawPaywall } from "./screens/exits";
import { drawFittingRoom } from "./screens/fitting-room";
import { drawMissing } from "./screens/missing";
import { drawReady } from "./screens/ready";
import { drawResult } from "./screens/result";
import { drawWorking, showElapsed, showStage } from "./screens/working";
import { addToCart, downloadResult, pressCartButton, shareResult, showTrouble } from "./share";
import { findTrigger, showTriggerState } from "./trigger-state";

declare const __LATER_KEYS__: string;

export const tools = {
  Deletion,
  Jobs,
  addSentences: (texts: Text[], overrides: Record<string, Text>): void =>
    addSentences(__LATER_KEYS__, texts, overrides),
  addToCart,
  css,
  downloadResult,
  drawReady,
  earlierRow,
  fetchPicture,
  findTrigger,
  fromDataUrl,
  prepare,
  pressCartButton,
  screens: {
    login: drawLogin,
    paywall: drawPaywall,
    working: drawWorking,
    result: drawResult,
    missing: drawMissing,
    fittingRoom: drawFittingRoom,
  },
  shareResult,
  showBackground,
  showElapsed,
  showPhonePanel,
  showStage,
  showTriggerState,
  showTrouble,
  reasonOf,
  toDataUrl,
  watchPictures,
};

export type Tools = typeof tools;

declare module "../widget/bundles" {
  interface Bundles {
    tools?: Tools;
  }
}
