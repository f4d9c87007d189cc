// Draws the model's current screen.

import type { Config } from "../config";
import type { Model } from "../reducer";
import type { Tools } from "../tools";
import { drawLogin, drawPaywall, drawProblem } from "./message";
import { drawPhoto } from "./photo";
import type { ScreenActions, View } from "./view";

export function draw(
  model: Model,
  actions: ScreenActions,
  config: Config,
  tools: Tools | undefined,
): View {
  const screens = {
    photo: drawPhoto,
    login: drawLogin,
    paywall: drawPaywall,
    problem: drawProblem,
    // These follow a photo, for which the tools were loaded.
    ...(tools as Tools)?.screens,
  };
  const drawScreen = screens[model.screen.name] as (
    ...args: [Model, ScreenActions, Config]
  ) => View;
  return drawScreen(model, actions, config);
}
