import { describe, expect, it } from "vitest";
import { type Model, next, opened } from "../src/machine";
import type { Job, Paywall, Photo, Problem, Status } from "../src/types";

const product = { image: "/shirt.png", title: "Shirt", id: "s1", category: "apparel", page: "" };
const photo = { blob: new Blob(["x"]), preview: null } as Photo;
const paywall: Paywall = {
  kind: "offer",
  title: "Out of try-ons",
  message: "Get more.",
  action_label: "See plans",
  action_url: "/plans",
};
const allowed: Status = {
  access: "ALLOWED",
  ctaType: "tryon",
  message: null,
  quota: { used: 1, limit: 5, resetsAt: "2026-12-24T00:00:00Z" },
  remaining: 4,
  reason: null,
  paywall: null,
  login_url: null,
};
const problem = (error: string, more: Partial<Problem> = {}): Problem => ({
  status: 400,
  error,
  detail: "A sentence.",
  ...more,
});
const ready = (): Model => next(opened(product), { type: "photo", photo });
const working = (): Model => next(ready(), { type: "start" });

describe("the dialog", () => {
  it("opens on the photo screen", () => {
    expect(opened(product).screen.name).toBe("photo");
  });

  it("shows what is left, and stays where the shopper is", () => {
    const model = next(ready(), { type: "status", status: allowed });
    expect(model).toMatchObject({ remaining: 4, limit: 5, screen: { name: "photo" }, photo });
  });

  it("asks for a log-in when nobody is logged in", () => {
    const status = { ...allowed, access: "LOCKED", ctaType: "login", login_url: "/login" };
    const { screen } = next(opened(product), { type: "status", status });
    expect(screen).toEqual({ name: "login", url: "/login" });
  });

  it("shows the shop's paywall before a photo is chosen in vain", () => {
    const status = { ...allowed, access: "EXHAUSTED", ctaType: "upgrade", paywall };
    const { screen } = next(opened(product), { type: "status", status });
    expect(screen).toEqual({ name: "paywall", paywall });
  });

  it("says so when try-ons are unavailable, and for an access that it does not know", () => {
    for (const access of ["ERROR", "SOMETHING_NEW"]) {
      const status = { ...allowed, access, ctaType: "none", message: "Not now." };
      const { screen } = next(opened(product), { type: "status", status });
      expect(screen).toMatchObject({ name: "problem", message: "Not now." });
    }
  });

  it("does not interrupt a try-on with a late status", () => {
    const status = { ...allowed, access: "EXHAUSTED", paywall };
    expect(next(working(), { type: "status", status }).screen.name).toBe("working");
  });

  it("starts once, however often it is asked to", () => {
    const model = working();
    expect(next(model, { type: "start" })).toBe(model);
  });

  it("does not start without a photo", () => {
    expect(next(opened(product), { type: "start" }).screen.name).toBe("photo");
  });

  it("names the stage that it is in", () => {
    const model = next(working(), { type: "progress", stage: "running" });
    expect(model.screen).toEqual({ name: "working", stage: "running" });
    expect(next(ready(), { type: "progress", stage: "running" }).screen.name).toBe("photo");
  });

  it("shows the picture and what is left after it", () => {
    const job = {
      id: "j",
      state: "done",
      image_url: "/tryons/j/image",
      quota: { used: 5, limit: 5, remaining: 0 },
    } as Job;
    const model = next(working(), { type: "done", job });
    expect(model.screen).toEqual({ name: "result", imageUrl: "/tryons/j/image" });
    expect(model.remaining).toBe(0);
  });

  it("keeps the photo through the paywall, the log-in and a fault", () => {
    for (const each of [
      problem("end_customer_quota", { paywall }),
      problem("login_required", { login_url: null }),
      problem("upstream_unreachable"),
    ]) {
      const model = next(working(), { type: "problem", problem: each });
      expect(model.screen.name).not.toBe("working");
      expect(next(model, { type: "backToPhoto" }).photo).toBe(photo);
    }
  });

  it("asks for another photo when this one is the trouble", () => {
    const model = next(working(), { type: "problem", problem: problem("broken_photo") });
    expect(model.photo).toBeNull();
    expect(model.screen).toMatchObject({ name: "photo", error: "A sentence." });
  });
});
