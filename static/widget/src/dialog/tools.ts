// What the dialog uses of tools.js, which follows its first screen.

import { Jobs } from "../jobs/jobs";
import { readReaction } from "../jobs/reactions";
import { isMade, isSameProduct } from "../jobs/same-picture";
import { addSentences } from "../locales/strings";
import { toDataUrl } from "../photo/data-url";
import { digestOf } from "../photo/digest";
import { prepare } from "../photo/photo";
import { css } from "../theme/styles-tools";
import type { Strings, Text } from "../widget/public";
import { showBackground } from "./background";
import { Deletion } from "./deletion";
import { showPhonePanel } from "./handover";
import { fetchPicture, reasonOf } from "./picture/absence";
import { watchPictures } from "./picture/watch";
import { restorePhoto } from "./restore";
import { backdrop } from "./screens/backdrop";
import { drawCamera } from "./screens/camera";
import { balanceTexts, cost, dayOf, showCost, spendingButton } from "./screens/cost";
import { earlierRow } from "./screens/earlier";
import { drawFittingRoom } from "./screens/fitting-room";
import { drawMissing } from "./screens/missing";
import { drawReady } from "./screens/ready";
import { drawWorking, isCancelSure, showElapsed, showStage } from "./screens/working";
import { addToCart, downloadResult, pressCartButton, shareResult, showTrouble } from "./share";
import { findTrigger, showTriggerState } from "./trigger-state";

declare const __LATER_KEYS__: string;

/** What of other bundles the camera needs. */
interface CameraFeature {
  openCamera(take: (photo: Blob) => void): Promise<void>;
}

/** Take a photo with the camera; `take` gets it. */
async function showCamera(
  { features }: { features: CameraFeature | undefined },
  take: (photo: Blob) => void,
): Promise<void> {
  await features?.openCamera(take);
}

export const tools = {
  Deletion,
  Jobs,
  addSentences: (texts: Text[], overrides: Strings): void =>
    addSentences(__LATER_KEYS__, texts, overrides),
  addToCart,
  backdrop,
  balanceTexts,
  cost,
  css,
  digestOf,
  downloadResult,
  drawReady,
  earlierRow,
  fetchPicture,
  findTrigger,
  isCancelSure,
  isMade,
  isSameProduct,
  prepare,
  dayOf,
  readReaction,
  pressCartButton,
  screens: {
    working: drawWorking,
    missing: drawMissing,
    fittingRoom: drawFittingRoom,
    camera: drawCamera,
  },
  restorePhoto,
  shareResult,
  showCamera,
  showBackground,
  showCost,
  showElapsed,
  showPhonePanel,
  showStage,
  showTriggerState,
  showTrouble,
  reasonOf,
  spendingButton,
  toDataUrl,
  watchPictures,
};

export type Tools = typeof tools;

declare module "../widget/bundles" {
  interface Bundles {
    tools?: Tools;
  }
}
