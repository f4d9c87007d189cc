// Stage three: all that is needed once a shopper has a photo.

import { Jobs } from "./jobs";
import { prepare } from "./photo";
import { drawResult } from "./screens/result";
import { drawWorking, markStage } from "./screens/working";
import { share } from "./share";
import type { Internal } from "./shared";
import { css } from "./styles-tools";

const tools = { Jobs, css, drawResult, drawWorking, markStage, prepare, share };

export type Tools = typeof tools;

(window.Genvoris as Internal | undefined)?.attach({ tools });
