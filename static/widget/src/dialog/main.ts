// Entry point of dialog.js.

import type { InternalApi } from "../widget/bundles";
import { TryOnDialog } from "./dialog";
import { exports } from "./exports";

(window.Genvoris as InternalApi | undefined)?.attach({
  dialog: (widget, language) => new TryOnDialog(widget, language),
  exports,
});
