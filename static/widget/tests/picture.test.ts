import { beforeEach, describe, expect, it } from "vitest";
import { Gestures, type GestureTarget } from "../src/dialog/picture/gestures";
import { moved, whole, zoomedAt } from "../src/dialog/picture/zoom";
import { initialModel, reduce } from "../src/dialog/reducer";
import type { Result } from "../src/jobs/models";
import { readProduct } from "../src/jobs/product";

const FRAME = { width: 400, height: 600 };
const PICTURE = { width: 400, height: 500 };

describe("an enlarged picture", () => {
  const start = whole(FRAME, PICTURE);

  it("is in the middle of its frame at first", () => {
    expect(start).toEqual({ scale: 1, x: 0, y: 50 });
  });

  it("keeps what is at the point in its place", () => {
    const at = { x: 100, y: 300 };
    const large = zoomedAt(start, 2, at, FRAME, PICTURE);
    expect((at.x - large.x) / large.scale).toBeCloseTo(100);
    expect((at.y - large.y) / large.scale).toBeCloseTo(250);
  });

  it("leaves no gap at its edges", () => {
    const large = zoomedAt(start, 2, { x: 200, y: 300 }, FRAME, PICTURE);
    expect(moved(large, { x: 9999, y: 9999 }, FRAME, PICTURE)).toEqual({ scale: 2, x: 0, y: 0 });
    const end = { scale: 2, x: -400, y: -400 };
    expect(moved(large, { x: -9999, y: -9999 }, FRAME, PICTURE)).toEqual(end);
  });

  it("has a largest size, and snaps back to the whole", () => {
    const large = zoomedAt(start, 99, { x: 0, y: 0 }, FRAME, PICTURE);
    expect(large.scale).toBe(5);
    expect(zoomedAt(large, 0.2, { x: 0, y: 0 }, FRAME, PICTURE)).toEqual(start);
  });
});

describe("pointers on a picture", () => {
  let log: string[];
  let mode: ReturnType<GestureTarget["dragMode"]>;
  let gestures: Gestures;

  beforeEach(() => {
    log = [];
    mode = "swipe";
    gestures = new Gestures({
      holdsSlider: ({ x }) => Math.abs(x - 70) < 30,
      dragMode: () => mode,
      onSlide: ({ x }) => log.push(`slide ${x}`),
      onSwiping: (distance) => log.push(`swiping ${distance}`),
      onSwipe: (distance) => log.push(`swipe ${distance}`),
      onPan: ({ x, y }) => log.push(`pan ${x} ${y}`),
      onPinch: (factor, at) => log.push(`pinch ${factor} at ${at.x} ${at.y}`),
      onDoubleTap: ({ x, y }) => log.push(`double ${x} ${y}`),
    });
  });

  const at = (x: number, y = 100, id = 1, time = 0) => ({ x, y, id, time });
  const drag = (...points: [number, number?][]) => {
    const [first, ...rest] = points.map(([x, y]) => at(x, y));
    gestures.down(first as ReturnType<typeof at>);
    for (const point of rest) gestures.move(point);
    gestures.up(rest.at(-1) as ReturnType<typeof at>);
  };

  it("drag the slider by its handle", () => {
    drag([80], [120], [200]);
    expect(log).toEqual(["slide 120", "slide 200"]);
  });

  it("swipe elsewhere", () => {
    drag([300], [280], [220]);
    expect(log).toEqual(["swiping -20", "swiping -80", "swipe -80"]);
  });

  it("do not swipe by a short or a vertical drag", () => {
    drag([300], [270]);
    expect(log).toEqual(["swiping -30", "swiping 0"]);
    log = [];
    drag([300, 100], [305, 150], [200, 150]);
    expect(log).toEqual([]);
  });

  it("move the slider from anywhere if there is nothing to swipe to", () => {
    mode = "slide";
    drag([300], [320]);
    expect(log).toEqual(["slide 320"]);
  });

  it("move an enlarged picture in all directions", () => {
    mode = "pan";
    drag([300, 100], [300, 120], [310, 125]);
    expect(log).toEqual(["pan 0 20", "pan 10 5"]);
  });

  it("pinch, and the last finger does nothing more", () => {
    gestures.down(at(200, 100, 1));
    gestures.down(at(300, 100, 2));
    gestures.move(at(400, 100, 2));
    expect(log).toEqual(["pinch 2 at 300 100"]);
    gestures.up(at(400, 100, 2));
    gestures.move(at(100, 100, 1));
    gestures.up(at(100, 100, 1));
    expect(log).toHaveLength(1);
  });

  it("end a swipe when a second finger comes, or the browser scrolls", () => {
    gestures.down(at(300));
    gestures.move(at(280));
    gestures.down(at(200, 100, 2));
    expect(log.at(-1)).toBe("swiping 0");
    gestures.cancel(1);
    gestures.cancel(2);
    log = [];
    gestures.down(at(300));
    gestures.move(at(280));
    gestures.cancel(1);
    expect(log).toEqual(["swiping -20", "swiping 0"]);
  });

  it("tap twice in the same place", () => {
    const tap = (x: number, time: number) => {
      gestures.down(at(x, 100, 1, time));
      gestures.up(at(x, 100, 1, time));
    };
    tap(300, 0);
    tap(305, 200);
    expect(log).toEqual(["double 305 100"]);
    tap(300, 1000);
    tap(300, 2000);
    tap(200, 2100);
    expect(log).toHaveLength(1);
  });
});

describe("two results", () => {
  const result = (id: string): Result => ({
    id,
    imageUrl: `/${id}.jpg`,
    product: readProduct({}),
    photo: null,
  });

  it("are shown side by side until one is shown alone", () => {
    const [one, two] = [result("1"), result("2")];
    const pair = reduce(initialModel(), { type: "showResult", result: one, beside: two });
    expect(pair.screen).toEqual({ name: "result", result: one, beside: two });
    const alone = reduce(pair, { type: "showResult", result: two });
    expect(alone.screen).toMatchObject({ name: "result", result: two, beside: undefined });
  });
});
