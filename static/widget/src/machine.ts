// What the dialog shows, as a function of what happened. No effects in here.

import type { Product } from "./shared";
import { strings } from "./strings";
import type { Job, Paywall, Photo, Problem, Quota, Status } from "./types";

export type Stage = "sending" | "queued" | "running";

export type Screen =
  | { name: "photo"; reading: boolean; notice: string; error: string }
  | { name: "working"; stage: Stage }
  | { name: "result"; imageUrl: string }
  | { name: "login"; url: string | null }
  | { name: "paywall"; paywall: Paywall }
  | { name: "problem"; title: string; message: string };

export interface Model {
  product: Product;
  /** Where the page itself says that shoppers log in. */
  loginUrl: string | null;
  photo: Photo | null;
  remaining: number | null;
  limit: number | null;
  resetsAt: string | null;
  screen: Screen;
}

export type Happening =
  | { type: "status"; status: Status }
  | { type: "reading" }
  | { type: "photo"; photo: Photo; notice?: string }
  | { type: "badPhoto"; message: string }
  | { type: "start" }
  | { type: "progress"; stage: Stage }
  | { type: "done"; job: Job }
  | { type: "problem"; problem: Problem }
  | { type: "backToPhoto" };

/** Codes after which another photo is what helps. */
const PHOTO_CODES = new Set([
  "no_photo",
  "not_a_photo",
  "broken_photo",
  "photo_too_many_pixels",
  "photo_too_large",
  "invalid_body",
]);

export function opened(product: Product, loginUrl: string | null = null): Model {
  return {
    product,
    loginUrl,
    photo: null,
    remaining: null,
    limit: null,
    resetsAt: null,
    screen: photoScreen(),
  };
}

export function next(model: Model, happening: Happening): Model {
  switch (happening.type) {
    case "status":
      return withStatus(model, happening.status);
    case "reading":
      return { ...model, screen: { ...photoScreen(), reading: true } };
    case "photo":
      return { ...model, photo: happening.photo, screen: photoScreen(happening.notice) };
    case "badPhoto":
      return { ...model, photo: null, screen: photoScreen("", happening.message) };
    case "start":
      // A second click while the first is under way changes nothing.
      if (model.screen.name !== "photo" || !model.photo) return model;
      return { ...model, screen: { name: "working", stage: "sending" } };
    case "progress":
      if (model.screen.name !== "working") return model;
      return { ...model, screen: { name: "working", stage: happening.stage } };
    case "done":
      return {
        ...withQuota(model, happening.job.quota),
        screen: { name: "result", imageUrl: happening.job.image_url ?? "" },
      };
    case "problem":
      return withProblem(model, happening.problem);
    case "backToPhoto":
      return { ...model, screen: photoScreen() };
  }
}

function photoScreen(notice = "", error = ""): Extract<Screen, { name: "photo" }> {
  return { name: "photo", reading: false, notice, error };
}

function withQuota(model: Model, quota: Quota | null): Model {
  return quota ? { ...model, remaining: quota.remaining, limit: quota.limit } : model;
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
  const message = status.message ?? strings.failed;
  return { ...known, screen: { name: "problem", title: strings.unavailable, message } };
}

function withProblem(model: Model, problem: Problem): Model {
  if (problem.error === "login_required") {
    return { ...model, screen: loginScreen(problem.login_url ?? model.loginUrl) };
  }
  if (problem.paywall) {
    return { ...model, screen: { name: "paywall", paywall: problem.paywall } };
  }
  if (PHOTO_CODES.has(problem.error)) {
    return { ...model, photo: null, screen: photoScreen("", problem.detail) };
  }
  const message = problem.detail || strings.failed;
  return { ...model, screen: { name: "problem", title: strings.problem, message } };
}

function loginScreen(url: string | null): Screen {
  return { name: "login", url };
}
