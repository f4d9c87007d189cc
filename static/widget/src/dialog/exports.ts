// What tools.js imports from dialog.js, so that no code is loaded twice (see build.mjs).

import { localProblem, ProblemError } from "../jobs/backend";
import { JOB_STAGES } from "../jobs/models";
import { productName, readProduct } from "../jobs/product";
import { randomId } from "../jobs/random-id";
import { language, t } from "../locales/strings";
import { doc } from "../widget/page";
import { JOB_KEY, readJson, writeText } from "../widget/storage";
import { button, el, iconButton } from "./dom";
import { emit } from "./page-events";
import { actionRow, backdrop, earlierRow, meter, productCard } from "./screens/parts";

export const exports = {
  JOB_KEY,
  JOB_STAGES,
  ProblemError,
  actionRow,
  backdrop,
  button,
  doc,
  earlierRow,
  el,
  emit,
  iconButton,
  language,
  localProblem,
  meter,
  productCard,
  productName,
  randomId,
  readJson,
  readProduct,
  t,
  writeText,
};

declare module "../widget/bundles" {
  interface Bundles {
    exports?: typeof exports;
  }
}
