// The live view of the camera, which its own bundle provides.

import { t } from "../../locales/strings";
import type { Draw } from "./view";

export const drawCamera: Draw<"camera"> = ({ screen: { view, controls } }) => ({
  heading: t("camera"),
  visual: [view],
  side: [controls],
});
