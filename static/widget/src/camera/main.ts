// Entry point of camera.js: a live view with a timer, in the dialog.

import type { DialogContext } from "../dialog/context";
import type { CameraOpener } from "../dialog/screens/view";
import type { InternalApi } from "../widget/bundles";
import { DialogCamera } from "./opener";

declare module "../widget/bundles" {
  interface Bundles {
    camera?: (context: DialogContext) => CameraOpener;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({
  camera: (context) => new DialogCamera(context),
});
