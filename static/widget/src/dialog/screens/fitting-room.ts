// The overview of what was tried on, to which the fitting room's bundle adds everything else.

import { t } from "../../locales/strings";
import type { Draw } from "./view";

export const drawFittingRoom: Draw<"fittingRoom"> = () => ({
  heading: t("fittingRoom"),
  visual: [],
  side: [],
});
