// What shoppers do with a photo and a finished picture.

import { type Backend, fault, ProblemError } from "../jobs/backend";
import type { Jobs } from "../jobs/jobs";
import type { Problem, Status } from "../jobs/models";
import { t } from "../locales/strings";
import type { Tracker } from "./analytics";
import type { Config } from "./config";
import { giveConsent, isConsentNeeded, withdrawConsent } from "./consent";
import type { Frame } from "./element";
import type { Intake } from "./photo-picker";
import type { Happening, Model } from "./reducer";
import { forgetKept, keep } from "./resume-state";
import type { Actions } from "./screens/view";
import type { Tools } from "./tools";

/** What the deeds need of the dialog. */
export interface Stage {
  readonly tracker: Tracker;
  readonly frame: Frame;
  readonly backend: Backend;
  config(): Config;
  model(): Model;
  happen(happening: Happening): void;
  close(): void;
  intake(): Intake;
  minimise(): void;
  readStatus(): void;
  fail(problem: Problem): void;
  tools(): Promise<Tools>;
  /** Comes with the tools. */
  jobs(): Promise<Jobs>;
}

/** Gives what the screens' buttons do. */
export function actionsOf(stage: Stage): Actions {
  const back = () => stage.happen({ type: "backToPhoto" });
  const begin = () => void start(stage).catch(() => stage.fail(fault("offline")));
  return {
    choose: (camera) => stage.intake().choose(camera),
    takeSample: (src) => void stage.intake().takeSample(src),
    start: begin,
    stop: () => {
      void stage.jobs().then((jobs) => jobs.stop());
      back();
    },
    minimise: () => stage.minimise(),
    retry: () => {
      back();
      stage.readStatus();
    },
    backToPhoto: back,
    deletePhoto: () => void deletePhoto(stage),
    tryVariant: (product) => {
      stage.happen({ type: "backToPhoto", product });
      begin();
    },
    show: (result) => stage.happen({ type: "show", result }),
    share: async (result) => (await stage.tools()).shareResult(stage, result),
    addToCart: async (result) => (await stage.tools()).addToCart(stage, result),
    leave: (url, keepPhoto) => void leave(stage, url, keepPhoto),
  };
}

/** Starts a try-on, once the shopper has agreed to the shop's policy. */
async function start(stage: Stage): Promise<void> {
  if (!agree(stage)) return;
  const jobs = await stage.jobs();
  const { photo, product, screen } = stage.model();
  // A second click while the first is under way changes nothing.
  if (!photo || screen.name !== "photo") return;
  stage.happen({ type: "start", since: Date.now() });
  await jobs.start(product, photo);
}

function agree({ frame, config }: Stage): boolean {
  if (!isConsentNeeded(config())) return true;
  const question = frame.part("consent");
  const box = question?.querySelector("input");
  if (box?.checked) {
    giveConsent(config());
    return true;
  }
  const error = question?.querySelector(".error");
  if (error) error.textContent = t("consentFirst");
  box?.focus();
  return false;
}

/** Deletes the photo here and, with everything that was made of it, at the backend. */
async function deletePhoto({ jobs, model, happen }: Stage): Promise<void> {
  try {
    await (await jobs()).deleteAll();
  } catch {
    happen({ type: "complain", message: t("offline") });
    return;
  }
  const preview = model().photo?.preview;
  if (preview) preview.width = 0;
  forgetKept();
  withdrawConsent();
  happen({ type: "deleted" });
}

async function leave({ model, tools }: Stage, url: string, keepPhoto: boolean): Promise<void> {
  const { product, photo } = model();
  keep(product, keepPhoto && photo ? await (await tools()).toDataUrl(photo.blob) : null);
  location.assign(url);
}

/** Asks where the shopper stands; null when nobody knows. */
export async function askStatus({ backend, model }: Stage): Promise<Status | null> {
  await new Promise((wake) => setTimeout(wake)); // the dialog is painted first
  try {
    return await backend.status(model().product);
  } catch (error) {
    // Not knowing is no reason to stop: the try-on itself will say what is wrong.
    if (error instanceof ProblemError) return null;
    throw error;
  }
}
