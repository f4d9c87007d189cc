import { beforeEach, describe, expect, it, vi } from "vitest";
import { Camera } from "../src/camera/camera";

/** Streams that the browser gives once the shopper has allowed it. */
let asked: { allow(): void; refuse(): void; live: boolean }[];

beforeEach(() => {
  asked = [];
  const getUserMedia = () =>
    new Promise((resolve, reject) => {
      const each = {
        allow: () => resolve(stream),
        refuse: () => reject(new Error("no")),
        live: true,
      };
      const stop = () => {
        each.live = false;
      };
      const stream = { getTracks: () => [{ stop }], getVideoTracks: () => [] };
      asked.push(each);
    });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
});

const video = (play = async () => {}) =>
  ({ play, classList: { toggle: () => {} } }) as unknown as HTMLVideoElement;

describe("the camera", () => {
  it("is off after it was closed", async () => {
    const camera = new Camera();
    const opening = camera.open(video(), "environment");
    asked[0]?.allow();
    expect(await opening).toBe(true);
    expect(asked[0]?.live).toBe(true);
    camera.close();
    expect(asked[0]?.live).toBe(false);
  });

  it("stays off if it is allowed after it was closed", async () => {
    const camera = new Camera();
    const opening = camera.open(video(), "environment");
    camera.close();
    asked[0]?.allow();
    expect(await opening).toBe(false);
    expect(asked[0]?.live).toBe(false);
  });

  it("shows the one that was asked for last", async () => {
    const camera = new Camera();
    const openings = [camera.open(video(), "environment"), camera.open(video(), "user")];
    asked[1]?.allow();
    asked[0]?.allow();
    expect(await Promise.all(openings)).toEqual([false, true]);
    expect(asked.map(({ live }) => live)).toEqual([false, true]);
  });

  it("is no failure if its view is removed before it starts", async () => {
    const camera = new Camera();
    const removed = video(async () => {
      camera.close();
      throw new Error("The play() request was interrupted.");
    });
    const opening = camera.open(removed, "environment");
    asked[0]?.allow();
    expect(await opening).toBe(false);
    expect(asked[0]?.live).toBe(false);
  });

  it("fails without the permission", async () => {
    const opening = new Camera().open(video(), "environment");
    asked[0]?.refuse();
    await expect(opening).rejects.toThrow("no");
  });
});
