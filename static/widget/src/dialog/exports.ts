// What tools.js imports from dialog.js, so that no code is loaded twice (see build.mjs).

import { localProblem, ProblemError } from "../jobs/backend";
import { JOB_STAGES } from "../jobs/models";
import { productName, readProduct } from "../jobs/product";
import { randomId } from "../jobs/random-id";
import { addSentences, direction, language, t } from "../locales/strings";
import { doc } from "../widget/page";
import { JOB_KEY, KEPT_KEY, RESUME_KEY, readJson, readText, writeText } from "../widget/storage";
import { addListener, button, el, icon, iconButton } from "./dom";
import { linkOf } from "./links";
import { emit } from "./page-events";
import { clearResumeState } from "./resume-state";
import { actionRow, meter, pictureRow, productCard, shortDate } from "./screens/parts";

export const exports = {
  JOB_KEY,
  JOB_STAGES,
  KEPT_KEY,
  ProblemError,
  RESUME_KEY,
  actionRow,
  addListener,
  addSentences,
  button,
  clearResumeState,
  direction,
  doc,
  el,
  icon,
  emit,
  iconButton,
  language,
  localProblem,
  linkOf,
  meter,
  pictureRow,
  productCard,
  productName,
  randomId,
  readJson,
  readProduct,
  readText,
  shortDate,
  t,
  writeText,
};

declare module "../widget/bundles" {
  interface Bundles {
    exports?: typeof exports;
  }
}
