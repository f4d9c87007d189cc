// Draws the model's current screen.

import type { Config } from "../config";
import type { Outcome } from "../outcome";
import type { Model } from "../reducer";
import type { Tools } from "../tools";
import { drawPhoto } from "./photo";
import type { Draw, ScreenActions, View } from "./view";

export function draw(
  model: Model,
  actions: ScreenActions,
  config: Config,
  tools: Tools | undefined,
  outcome: Outcome | undefined,
): View {
  const screens = {
    photo: (...args: Parameters<Draw<"photo">>) => drawPhoto(...args, tools),
    // The others follow an answer of the backend's, for which their bundles were loaded.
    ...(tools as Tools)?.screens,
    ...(outcome as Outcome)?.screens,
  };
  const drawScreen = screens[model.screen.name] as (
    ...args: [Model, ScreenActions, Config]
  ) => View;
  return drawScreen(model, actions, config);
}
