// What the dialog uses of outcome.js, which is loaded before a try-on starts or a paywall is shown.

import { css } from "../theme/styles-outcome";
import { giveConsent, withdrawConsent } from "./consent-record";
import { copyMark } from "./picture/mark";
import { drawLogin, drawPaywall } from "./screens/exits";
import { drawProblem } from "./screens/problem";
import { drawResult } from "./screens/result";
import { trackView } from "./views";

export const outcome = {
  copyMark,
  css,
  giveConsent,
  withdrawConsent,
  trackView,
  screens: {
    login: drawLogin,
    paywall: drawPaywall,
    problem: drawProblem,
    result: drawResult,
  },
};

export type Outcome = typeof outcome;

declare module "../widget/bundles" {
  interface Bundles {
    outcome?: Outcome;
  }
}
