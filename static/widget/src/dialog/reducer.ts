// What the dialog shows, as a function of what happened. No effects in here.

import type { Photo, Problem, Quota, Result, Stage, Status } from "../jobs/models";
import { t } from "../locales/strings";
import type { Paywall, Product } from "../widget/public";

export type Screen =
  | { name: "photo"; reading: boolean; notice: string; error: string }
  | { name: "working"; stage: Stage; since: number }
  | { name: "result"; result: Result }
  | { name: "login"; url: string | null }
  | { name: "paywall"; paywall: Paywall }
  | { name: "problem"; title: string; message: string };

export interface Model {
  product: Product;
  /** Where the page itself says that shoppers log in. */
  loginUrl: string | null;
  photo: Photo | null;
  /** What was made on this page, newest first. */
  results: Result[];
  remaining: number | null;
  limit: number | null;
  resetsAt: string | null;
  screen: Screen;
}

export type Happening =
  | { type: "open"; product: Product; loginUrl: string | null }
  | { type: "status"; status: Status }
  | { type: "reading" }
  | { type: "photo"; photo: Photo; notice?: string }
  | { type: "badPhoto"; message: string }
  | { type: "complain"; message: string }
  | { type: "start"; since: number }
  | { type: "pickUp"; since: number }
  | { type: "progress"; stage: Stage }
  | { type: "done"; result: Result; quota: Quota | null; wanted: boolean }
  | { type: "show"; result: Result }
  | { type: "problem"; problem: Problem }
  | { type: "deleted" }
  | { type: "backToPhoto"; product?: Product };

/** Codes after which another photo is what helps. */
const PHOTO_CODES = [
  "no_photo",
  "not_a_photo",
  "animated_photo",
  "broken_photo",
  "photo_too_many_pixels",
  "photo_too_large",
  "invalid_body",
];

export const NO_PRODUCT: Product = {
  image: "",
  images: [],
  title: "",
  id: "",
  category: "",
  page: "",
  variant: "",
  variants: [],
};

export function blank(product = NO_PRODUCT, loginUrl: string | null = null): Model {
  return {
    product,
    loginUrl,
    photo: null,
    results: [],
    remaining: null,
    limit: null,
    resetsAt: null,
    screen: photoScreen(),
  };
}

export function next(model: Model, happening: Happening): Model {
  switch (happening.type) {
    case "open": {
      // Whoever tries on several things of a page chooses their photo once.
      const { photo, results } = model;
      return { ...blank(happening.product, happening.loginUrl), photo, results };
    }
    case "status":
      return withStatus(model, happening.status);
    case "reading":
      return { ...model, screen: { ...photoScreen(), reading: true } };
    case "photo":
      return { ...model, photo: happening.photo, screen: photoScreen(happening.notice) };
    case "badPhoto":
      return { ...model, photo: null, screen: photoScreen("", happening.message) };
    case "complain":
      return { ...model, screen: photoScreen("", happening.message) };
    case "start":
      // A second click while the first is under way changes nothing.
      if (model.screen.name === "working" || !model.photo) return model;
      return { ...model, screen: { name: "working", stage: "sending", since: happening.since } };
    case "pickUp":
      return { ...model, screen: { name: "working", stage: "queued", since: happening.since } };
    case "progress":
      if (model.screen.name !== "working") return model;
      return { ...model, screen: { ...model.screen, stage: happening.stage } };
    case "done":
      return withResult(model, happening.result, happening.quota, happening.wanted);
    case "show": {
      const { result } = happening;
      return { ...model, product: result.product, screen: { name: "result", result } };
    }
    case "problem":
      return withProblem(model, happening.problem);
    case "deleted":
      return { ...model, photo: null, results: [], screen: photoScreen(t("deleted")) };
    case "backToPhoto":
      return { ...model, product: happening.product ?? model.product, screen: photoScreen() };
  }
}

function photoScreen(notice = "", error = ""): Extract<Screen, { name: "photo" }> {
  return { name: "photo", reading: false, notice, error };
}

function withResult(model: Model, result: Result, quota: Quota | null, wanted: boolean): Model {
  return {
    ...model,
    results: [result, ...model.results],
    remaining: quota ? quota.remaining : model.remaining,
    limit: quota ? quota.limit : model.limit,
    // One that was put aside for another product waits among the earlier pictures.
    screen: wanted ? { name: "result", result } : model.screen,
  };
}

function withStatus(model: Model, status: Status): Model {
  const known: Model = {
    ...model,
    remaining: status.remaining,
    limit: status.quota?.limit ?? null,
    resetsAt: status.quota?.resetsAt ?? null,
  };
  // Only the first screen gives way: a shopper who is further on is told by the try-on itself.
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
  if (PHOTO_CODES.includes(problem.error)) {
    return { ...model, photo: null, screen: photoScreen("", problem.detail) };
  }
  const message = problem.detail || t("failed");
  return { ...model, screen: { name: "problem", title: t("problem"), message } };
}

function loginScreen(url: string | null): Screen {
  return { name: "login", url };
}
