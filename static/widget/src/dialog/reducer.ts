// The dialog's state as a pure function of the events so far. No effects in here.

import type { Balance, Consent, JobStage, Problem, Quota, Result, Status } from "../jobs/models";
import { readProduct } from "../jobs/product";
import { t } from "../locales/strings";
import type { Photo } from "../photo/photo";
import type { Paywall, Product } from "../widget/public";
import type { Absence } from "./picture/absence";

export type Screen =
  | { name: "photo"; reading: boolean; notice: string; error: string }
  /** `charged` is undefined until the backend has the job. */
  | { name: "working"; stage: JobStage; since: number; charged?: boolean | null | undefined }
  /** `beside`: another picture, to compare. */
  | { name: "result"; result: Result; beside?: Result | undefined }
  /** The result's picture cannot be shown. */
  | { name: "missing"; result: Result; why: Absence }
  | { name: "login"; url: string | null }
  | { name: "paywall"; paywall: Paywall }
  /** `problem`: of a try-on. */
  | { name: "problem"; title: string; message: string; problem?: Problem }
  | { name: "fittingRoom" }
  /** The live view of the camera, and what belongs to it. */
  | { name: "camera"; view: Node; controls: Node };

export interface Model {
  open: boolean;
  /** A job has ended while the dialog was closed. */
  unseen: boolean;
  /** The page has shown a paywall or log-in of its own instead of ours. */
  interrupted: boolean;
  product: Product;
  /** The log-in address from the page's settings. */
  loginUrl: string | null;
  photo: Photo | null;
  /** Pictures generated on this page, newest first. */
  results: Result[];
  remaining: number | null;
  limit: number | null;
  resetsAt: string | null;
  /** What is left if the shop itself counts. */
  balance: Balance | null;
  /** What the shopper has yet to agree to, if the backend keeps a record of it. */
  consent?: Consent | null | undefined;
  screen: Screen;
}

export type DialogEvent =
  | { type: "open"; product: Product; loginUrl: string | null }
  /** Open again, on the screen where it was closed. */
  | { type: "reopen" }
  | { type: "close" }
  /** Close while the job goes on. */
  | { type: "minimise" }
  /** Close while the page decides whether it shows a paywall or log-in of its own. */
  | { type: "pause" }
  | { type: "unpause" }
  | { type: "interrupt" }
  | { type: "status"; status: Status }
  | { type: "reading" }
  | { type: "photo"; photo: Photo | null; notice?: string }
  /** Another photo cannot be had; the current one stays. */
  | { type: "badPhoto"; message: string }
  | { type: "start"; since: number }
  /** Follow a job that an earlier page has started. */
  | { type: "follow"; product: Product; loginUrl: string | null; since: number }
  | { type: "progress"; stage: JobStage; charged?: boolean | null | undefined }
  /** `current`: the dialog shows this job, or has minimised it. */
  | { type: "done"; result: Result; quota: Quota | null; current: boolean }
  | { type: "showResult"; result: Result; beside?: Result }
  /** A result's picture cannot be loaded. */
  | { type: "missing"; result: Result; why: Absence }
  | { type: "show"; screen: Screen }
  | { type: "problem"; problem: Problem }
  | { type: "deleted" }
  | { type: "undone"; before: Model }
  | { type: "backToPhoto"; product?: Product };

export function initialModel(product = readProduct({}), loginUrl: string | null = null): Model {
  return {
    open: false,
    unseen: false,
    interrupted: false,
    product,
    loginUrl,
    photo: null,
    results: [],
    remaining: null,
    limit: null,
    resetsAt: null,
    balance: null,
    screen: photoScreen(),
  };
}

export function reduce(model: Model, event: DialogEvent): Model {
  switch (event.type) {
    case "open":
    case "follow": {
      // A shopper who tries on several products of a page chooses a photo once.
      const { photo, results, open } = model;
      const next = { ...initialModel(event.product, event.loginUrl), photo, results };
      if (event.type === "open") return { ...next, open: true };
      return { ...next, open, screen: { name: "working", stage: "queued", since: event.since } };
    }
    case "reopen":
      return { ...model, open: true, unseen: false };
    case "close": {
      const working = model.screen.name === "working";
      return { ...model, open: false, screen: working ? photoScreen() : model.screen };
    }
    case "minimise":
    case "pause":
      return { ...model, open: false };
    case "unpause":
      return { ...model, open: true };
    case "interrupt":
      return { ...model, open: false, unseen: false, interrupted: true, screen: photoScreen() };
    case "status":
      return withStatus(model, event.status);
    case "reading":
      return { ...model, screen: { ...photoScreen(), reading: true } };
    case "photo":
      return { ...model, photo: event.photo, screen: photoScreen(event.notice) };
    case "badPhoto":
      return { ...model, screen: photoScreen("", event.message) };
    case "start":
      // A second click while the first is being handled changes nothing.
      if (model.screen.name === "working" || !model.photo) return model;
      return { ...model, screen: { name: "working", stage: "sending", since: event.since } };
    case "progress":
      if (model.screen.name !== "working") return model;
      return {
        ...model,
        screen: { ...model.screen, stage: event.stage, charged: event.charged },
      };
    case "done":
      return withResult(model, event.result, event.quota, event.current);
    case "showResult": {
      const { result, beside } = event;
      return { ...model, product: result.product, screen: { name: "result", result, beside } };
    }
    case "missing":
      return withoutPicture(model, event.result, event.why);
    case "show":
      return { ...model, screen: event.screen };
    case "problem":
      return { ...withProblem(model, event.problem), unseen: !model.open };
    case "deleted":
      return { ...model, photo: null, results: [], screen: photoScreen(t("deleted")) };
    case "undone": {
      const { photo, results, product, screen } = event.before;
      return { ...model, photo, results, product, screen };
    }
    case "backToPhoto":
      return { ...model, product: event.product ?? model.product, screen: photoScreen() };
  }
}

function photoScreen(notice = "", error = ""): Extract<Screen, { name: "photo" }> {
  return { name: "photo", reading: false, notice, error };
}

function withResult(model: Model, result: Result, quota: Quota | null, current: boolean): Model {
  return {
    ...model,
    unseen: model.unseen || (current && !model.open),
    results: [result, ...model.results.filter(({ id }) => id !== result.id)],
    remaining: quota ? quota.remaining : model.remaining,
    limit: quota ? quota.limit : model.limit,
    balance: quota && model.balance ? balanceAfter(model.balance, quota) : model.balance,
    // The picture of another product is listed with the earlier ones.
    screen: current ? { name: "result", result } : model.screen,
  };
}

/** Return what is left after a picture; how much of it ends first is read again. */
function balanceAfter(before: Balance, { remaining }: Quota): Balance {
  return { ...before, available: remaining, expiring: 0 };
}

function withoutPicture(model: Model, result: Result, why: Absence): Model {
  const results = model.results.filter((each) => why !== "gone" || each !== result);
  const { screen } = model;
  const shown = screen.name === "result" && screen.result === result;
  return { ...model, results, screen: shown ? { name: "missing", result, why } : screen };
}

function withStatus(model: Model, status: Status): Model {
  const known: Model = {
    ...model,
    remaining: status.remaining,
    limit: status.quota?.limit ?? null,
    resetsAt: status.quota?.resetsAt ?? null,
    balance: status.balance ?? null,
    consent: status.consent,
  };
  // Later screens stay: starting the try-on will report the same problem.
  if (model.screen.name !== "photo") return known;
  if (status.ctaType === "login") {
    return { ...known, screen: loginScreen(status.login_url ?? model.loginUrl) };
  }
  if (status.paywall) return { ...known, screen: { name: "paywall", paywall: status.paywall } };
  if (status.access === "ALLOWED") return known;
  const message = status.message ?? t("failed");
  return { ...known, screen: { name: "problem", title: t("unavailable"), message } };
}

function withProblem(model: Model, problem: Problem): Model {
  if (problem.error === "login_required") {
    return { ...model, screen: loginScreen(problem.login_url ?? model.loginUrl) };
  }
  if (problem.paywall) {
    return { ...model, screen: { name: "paywall", paywall: problem.paywall } };
  }
  // A proxy in front of the shop may refuse a large photo by itself.
  if (problem.about === "photo" || problem.status === 413) {
    return { ...model, photo: null, screen: photoScreen("", problem.detail) };
  }
  const message = problem.detail || t("failed");
  return { ...model, screen: { name: "problem", title: t("problem"), message, problem } };
}

function loginScreen(url: string | null): Screen {
  return { name: "login", url };
}
