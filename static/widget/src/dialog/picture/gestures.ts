// Recognises what pointers do on a picture: drag the slider, swipe, pan, pinch, or tap twice.

import type { Point } from "./zoom";

/** A pointer's position within the frame, and the event's time in milliseconds. */
export interface Pointer extends Point {
  id: number;
  time: number;
}

export interface GestureTarget {
  /** Whether a drag that starts here moves the slider. */
  holdsSlider(at: Point): boolean;
  /** What any other drag does; vertical ones scroll the page unless they pan. */
  dragMode(): "pan" | "swipe" | "slide" | null;
  onSlide(at: Point): void;
  /** The shopper is swiping; 0 when that ends without effect. */
  onSwiping(distance: number): void;
  onSwipe(distance: number): void;
  onPan(by: Point): void;
  onPinch(factor: number, at: Point, by: Point): void;
  onDoubleTap(at: Point): void;
}

type Mode = "pending" | "slide" | "swipe" | "pan" | "pinch" | "ignored";

/** How far a finger may move while it taps. */
const SLACK = 8;
const SWIPE_DISTANCE = 48;
const DOUBLE_TAP_TIME = 350;
const DOUBLE_TAP_DISTANCE = 32;

export class Gestures {
  readonly #target: GestureTarget;
  readonly #pointers = new Map<number, Pointer>();
  #mode: Mode = "pending";
  #start: Point = { x: 0, y: 0 };
  #lastTap: Pointer | null = null;

  constructor(target: GestureTarget) {
    this.#target = target;
  }

  down(pointer: Pointer): void {
    this.#pointers.set(pointer.id, pointer);
    if (this.#pointers.size > 1) {
      if (this.#mode === "swipe") this.#target.onSwiping(0);
      this.#mode = this.#pointers.size === 2 ? "pinch" : "ignored";
      return;
    }
    this.#start = pointer;
    this.#mode = this.#target.holdsSlider(pointer) ? "slide" : "pending";
  }

  move(pointer: Pointer): void {
    const before = this.#pointers.get(pointer.id);
    if (!before) return;
    if (this.#mode === "pinch") this.#pinch(before, pointer);
    this.#pointers.set(pointer.id, pointer);
    const [dx, dy] = [pointer.x - this.#start.x, pointer.y - this.#start.y];
    if (this.#mode === "pending" && Math.hypot(dx, dy) > SLACK) this.#decide(dx, dy);
    if (this.#mode === "slide") this.#target.onSlide(pointer);
    else if (this.#mode === "swipe") this.#target.onSwiping(dx);
    else if (this.#mode === "pan") {
      this.#target.onPan({ x: pointer.x - before.x, y: pointer.y - before.y });
    }
  }

  up(pointer: Pointer): void {
    if (!this.#pointers.delete(pointer.id)) return;
    const distance = pointer.x - this.#start.x;
    if (this.#mode === "swipe") {
      if (Math.abs(distance) < SWIPE_DISTANCE) this.#target.onSwiping(0);
      else this.#target.onSwipe(distance);
    }
    if (this.#mode === "pending") this.#tap(pointer);
    // The finger that stays after a pinch does nothing more.
    this.#mode = this.#pointers.size ? "ignored" : "pending";
  }

  /** The browser has taken the pointer over, to scroll the page. */
  cancel(id: number): void {
    if (!this.#pointers.delete(id)) return;
    if (this.#mode === "swipe") this.#target.onSwiping(0);
    this.#mode = "ignored";
  }

  #decide(dx: number, dy: number): void {
    const mode = this.#target.dragMode();
    this.#mode = mode && (mode === "pan" || Math.abs(dx) > Math.abs(dy)) ? mode : "ignored";
  }

  #pinch(before: Pointer, after: Pointer): void {
    const other = [...this.#pointers.values()].find(({ id }) => id !== after.id);
    if (!other) return;
    const factor = distance(after, other) / Math.max(1, distance(before, other));
    const at = { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 };
    const by = { x: (after.x - before.x) / 2, y: (after.y - before.y) / 2 };
    this.#target.onPinch(factor, at, by);
  }

  #tap(pointer: Pointer): void {
    const last = this.#lastTap;
    this.#lastTap = pointer;
    if (!last || pointer.time - last.time > DOUBLE_TAP_TIME) return;
    if (distance(last, pointer) > DOUBLE_TAP_DISTANCE) return;
    this.#lastTap = null;
    this.#target.onDoubleTap(pointer);
  }
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
