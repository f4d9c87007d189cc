// Entry point of camera.js: a live view with a timer, in the dialog.

import type { InternalApi } from "../widget/bundles";
import { css } from "./styles";
import { css as dialogCss } from "./styles-dialog";
import { Viewfinder } from "./viewfinder";

const camera = { css: css + dialogCss, Viewfinder };

declare module "../widget/bundles" {
  interface Bundles {
    camera?: typeof camera;
  }
}

(window.Genvoris as InternalApi | undefined)?.attach({ camera });
