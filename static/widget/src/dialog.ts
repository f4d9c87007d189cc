// Stage two: hands the dialog over to the first, and what it is made of to the third.

import { kit } from "./kit";
import type { Internal } from "./shared";
import { TryOn } from "./tryon";

(window.Genvoris as Internal | undefined)?.attach({
  dialog: (page, language) => new TryOn(page, language),
  kit,
});
