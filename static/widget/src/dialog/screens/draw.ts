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
  const { screen } = model;
  switch (screen.name) {
    case "photo":
      return drawPhoto({ ...model, screen }, actions, config);
    // These two follow a photo, for which the tools were loaded.
    case "working":
      return (tools as Tools).drawWorking({ ...model, screen }, actions, config);
    case "result":
      return (tools as Tools).drawResult({ ...model, screen }, actions, config);
    case "login":
      return drawLogin({ ...model, screen }, actions, config);
    case "paywall":
      return drawPaywall({ ...model, screen }, actions, config);
    case "problem":
      return drawProblem({ ...model, screen }, actions, config);
  }
}
