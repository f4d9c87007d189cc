// What the third stage is given of the second, so that no code is loaded twice: where a module of
// the third stage imports one of these, the build takes it from here (see build.mjs).

import { fault, ProblemError } from "../jobs/backend";
import { STAGES } from "../jobs/models";
import { nameOf, readProduct } from "../jobs/product";
import { newKey } from "../jobs/random-id";
import { spoken, t } from "../locales/strings";
import { doc } from "../widget/page";
import { JOB_KEY, readObject, write } from "../widget/storage";
import { button, el, iconButton } from "./dom";
import { tell } from "./page-events";
import { actionRow, backdrop, earlierRow, meter, productCard } from "./screens/parts";

export const exports = {
  JOB_KEY,
  ProblemError,
  STAGES,
  actionRow,
  backdrop,
  button,
  doc,
  earlierRow,
  el,
  fault,
  iconButton,
  meter,
  nameOf,
  newKey,
  productCard,
  readProduct,
  readObject,
  spoken,
  t,
  tell,
  write,
};

declare module "../widget/bundles" {
  interface Parts {
    exports?: typeof exports;
  }
}
