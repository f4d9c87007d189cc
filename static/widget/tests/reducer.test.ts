import { describe, expect, it } from "vitest";
import { type DialogEvent, initialModel, type Model, reduce } from "../src/dialog/reducer";
import { Store } from "../src/dialog/store";
import type { Problem, Result, Status } from "../src/jobs/models";
import type { Photo } from "../src/photo/photo";
import type { Paywall } from "../src/widget/public";

const product = {
  image: "/shirt.png",
  images: ["/shirt.png"],
  title: "Shirt",
  id: "s1",
  category: "apparel",
  page: "",
  variant: "",
  variants: [],
};
const result: Result = { id: "j", imageUrl: "/tryons/j/image", product, photo: null };
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
const ready = (): Model => reduce(initialModel(product), { type: "photo", photo });
const working = (): Model => reduce(ready(), { type: "start", since: 7 });

describe("the dialog", () => {
  it("opens on the photo screen", () => {
    expect(initialModel(product).screen.name).toBe("photo");
  });

  it("shows the remaining try-ons", () => {
    const model = reduce(ready(), { type: "status", status: allowed });
    expect(model).toMatchObject({ remaining: 4, limit: 5, screen: { name: "photo" }, photo });
  });

  it("asks for a log-in", () => {
    const status = { ...allowed, access: "LOCKED", ctaType: "login", login_url: "/login" };
    const { screen } = reduce(initialModel(product), { type: "status", status });
    expect(screen).toEqual({ name: "login", url: "/login" });
  });

  it("shows the paywall before a photo is chosen", () => {
    const status = { ...allowed, access: "EXHAUSTED", ctaType: "upgrade", paywall };
    const { screen } = reduce(initialModel(product), { type: "status", status });
    expect(screen).toEqual({ name: "paywall", paywall });
  });

  it("counts a picture against the balance at once", () => {
    const balance = { available: 1, expiring: 1, nextExpiry: "2026-12-24T00:00:00Z" };
    const before = reduce(working(), { type: "status", status: { ...allowed, balance } });
    const quota = { used: 1, limit: 1, remaining: 0 };
    const done = { type: "done", result, current: true } as const;
    expect(reduce(before, { ...done, quota }).balance).toMatchObject({ available: 0, expiring: 0 });
    expect(reduce(before, { ...done, quota: null }).balance).toEqual(balance);
  });

  it("knows whether cancelling is free", () => {
    const model = reduce(working(), { type: "progress", stage: "running", charged: false });
    expect(model.screen).toMatchObject({ name: "working", stage: "running", charged: false });
  });

  it("reports unavailable try-ons, and unknown kinds of access", () => {
    for (const access of ["ERROR", "SOMETHING_NEW"]) {
      const status = { ...allowed, access, ctaType: "none", message: "Not now." };
      const { screen } = reduce(initialModel(product), { type: "status", status });
      expect(screen).toMatchObject({ name: "problem", message: "Not now." });
    }
  });

  it("is not interrupted by a late status", () => {
    const status = { ...allowed, access: "EXHAUSTED", paywall };
    expect(reduce(working(), { type: "status", status }).screen.name).toBe("working");
  });

  it("starts once", () => {
    const model = working();
    expect(reduce(model, { type: "start", since: 7 })).toBe(model);
  });

  it("does not start without a photo", () => {
    expect(reduce(initialModel(product), { type: "start", since: 7 }).screen.name).toBe("photo");
  });

  it("shows the stage", () => {
    const model = reduce(working(), { type: "progress", stage: "running" });
    expect(model.screen).toEqual({ name: "working", stage: "running", since: 7 });
    expect(reduce(ready(), { type: "progress", stage: "running" }).screen.name).toBe("photo");
  });

  it("shows the picture and the remaining try-ons", () => {
    const quota = { used: 5, limit: 5, remaining: 0 };
    const model = reduce(working(), { type: "done", result, quota, current: true });
    expect(model.screen).toEqual({ name: "result", result });
    expect(model.remaining).toBe(0);
  });

  it("lists the picture of another product", () => {
    const model = reduce(ready(), { type: "done", result, quota: null, current: false });
    expect(model.screen.name).toBe("photo");
    expect(model.results).toEqual([result]);
    const shown = reduce(model, { type: "showResult", result });
    expect(shown.screen).toEqual({ name: "result", result });
  });

  it("keeps photo and pictures for another product", () => {
    const made = reduce(working(), { type: "done", result, quota: null, current: true });
    const other = { ...product, id: "s2" };
    const model = reduce(made, { type: "open", product: other, loginUrl: null });
    expect(model).toMatchObject({ product: other, photo, results: [result], remaining: null });
    expect(model.screen.name).toBe("photo");
  });

  it("follows a job of an earlier page", () => {
    const model = reduce(initialModel(product), {
      type: "follow",
      product,
      loginUrl: null,
      since: 5,
    });
    expect(model.screen).toEqual({ name: "working", stage: "queued", since: 5 });
  });

  it("forgets deleted photos and pictures", () => {
    const made = reduce(working(), { type: "done", result, quota: null, current: true });
    const model = reduce(made, { type: "deleted" });
    expect(model).toMatchObject({ photo: null, results: [] });
    expect(model.screen).toMatchObject({ name: "photo", notice: expect.stringMatching(/deleted/) });
  });

  it("keeps the photo through paywall, log-in and errors", () => {
    for (const each of [
      problem("end_customer_quota", { paywall }),
      problem("login_required", { login_url: null }),
      problem("upstream_unreachable"),
    ]) {
      const model = reduce(working(), { type: "problem", problem: each });
      expect(model.screen.name).not.toBe("working");
      expect(reduce(model, { type: "backToPhoto" }).photo).toBe(photo);
    }
  });

  it("asks for another photo if that is at fault", () => {
    for (const more of [{ about: "photo" as const }, { status: 413 }]) {
      const model = reduce(working(), { type: "problem", problem: problem("any", more) });
      expect(model.photo).toBeNull();
      expect(model.screen).toMatchObject({ name: "photo", error: "A sentence." });
    }
  });

  it("keeps the photo if anything else is at fault", () => {
    for (const about of ["product", "shopper", "shop", "service"] as const) {
      const model = reduce(working(), { type: "problem", problem: problem("any", { about }) });
      expect(model.photo).toBe(photo);
      expect(model.screen).toMatchObject({ name: "problem", message: "A sentence." });
    }
  });

  it("takes a picture that is gone off the list, and says so where it is shown", () => {
    const made = reduce(working(), { type: "done", result, quota: null, current: true });
    const gone = reduce(made, { type: "missing", result, why: "gone" });
    expect(gone.results).toEqual([]);
    expect(gone.screen).toEqual({ name: "missing", result, why: "gone" });
    const elsewhere = reduce(made, { type: "backToPhoto" });
    expect(reduce(elsewhere, { type: "missing", result, why: "gone" })).toMatchObject({
      results: [],
      screen: { name: "photo" },
    });
  });

  it("keeps a picture on the list that may be loaded later", () => {
    const made = reduce(working(), { type: "done", result, quota: null, current: true });
    const away = reduce(made, { type: "missing", result, why: "offline" });
    expect(away).toMatchObject({ results: [result], screen: { name: "missing" } });
    expect(reduce(away, { type: "showResult", result }).screen.name).toBe("result");
  });

  it("keeps the photo if another one cannot be used", () => {
    const model = reduce(ready(), { type: "badPhoto", message: "A sentence." });
    expect(model).toMatchObject({ photo, screen: { error: "A sentence." } });
  });
});

describe("the open state", () => {
  const opened = () => reduce(ready(), { type: "open", product, loginUrl: null });
  const running = () => reduce(reduce(opened(), { type: "start", since: 7 }), { type: "minimise" });
  const done: DialogEvent = { type: "done", result, quota: null, current: true };

  it("ends by closing, which leaves the working screen", () => {
    const model = reduce(reduce(opened(), { type: "start", since: 7 }), { type: "close" });
    expect(model).toMatchObject({ open: false, screen: { name: "photo" }, photo });
  });

  it("ends by minimising, which keeps the screen", () => {
    expect(running()).toMatchObject({ open: false, screen: { name: "working" } });
  });

  it("decides whether a result or a problem is unseen", () => {
    expect(reduce(running(), done).unseen).toBe(true);
    expect(reduce(running(), { type: "problem", problem: problem("failed") }).unseen).toBe(true);
    expect(reduce(opened(), done).unseen).toBe(false);
    expect(reduce(reduce(running(), done), { type: "reopen" })).toMatchObject({
      open: true,
      unseen: false,
      screen: { name: "result" },
    });
  });

  it("survives the question whether the page takes over", () => {
    const paused = reduce(opened(), { type: "pause" });
    expect(paused.open).toBe(false);
    expect(reduce(paused, { type: "unpause" })).toEqual(opened());
    expect(reduce(paused, { type: "interrupt" })).toMatchObject({ open: false, interrupted: true });
  });
});

describe("the store", () => {
  it("notifies its subscribers of each event, with the previous state", () => {
    const store = new Store();
    const seen: [string, boolean, boolean][] = [];
    store.subscribe((event, before) => seen.push([event.type, before.open, store.model.open]));
    store.dispatch({ type: "open", product, loginUrl: null });
    store.dispatch({ type: "close" });
    expect(seen).toEqual([
      ["open", false, true],
      ["close", true, false],
    ]);
  });
});
