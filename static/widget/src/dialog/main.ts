// Stage two: hands the dialog over to the first, and what it is made of to the third.

import type { Internal } from "../widget/bundles";
import { TryOn } from "./dialog";
import { exports } from "./exports";

(window.Genvoris as Internal | undefined)?.attach({
  dialog: (page, language) => new TryOn(page, language),
  exports,
});
