// Entry point of outcome.js: the screens of what a try-on has come to.

import type { InternalApi } from "../widget/bundles";
import { outcome } from "./outcome";

(window.Genvoris as InternalApi | undefined)?.attach({ outcome });
