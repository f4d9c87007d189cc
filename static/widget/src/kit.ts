// What the third stage is given of the second, so that no code is loaded twice: where a module of
// the third stage imports one of these, the build takes it from here (see build.mjs).

import { fault, ProblemError } from "./api";
import { button, el, iconButton } from "./dom";
import { doc } from "./page";
import { readProduct } from "./product";
import { actionRow, backdrop, earlierRow, meter, productCard } from "./screens/parts";
import { JOB_KEY, nameOf, newKey, STAGES, tell } from "./shared";
import { spoken, t } from "./strings";
import { readObject, write } from "./tab";

export const kit = {
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
