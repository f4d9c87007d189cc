// A finished picture that can be compared with the photo, enlarged, and swiped.

import type { Result } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { direction, t } from "../../locales/strings";
import { addListener, el, iconButton } from "../dom";
import { Gestures, type GestureTarget } from "./gestures";
import { BeforeAndAfter } from "./slider";
import { moved, type Point, type Size, whole, type Zoom, zoomedAt } from "./zoom";

const ZOOM_ICON =
  "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20M8 10.5h5M10.5 8v5";
/** What the button, or two taps, enlarge by; and each key, or turn of the wheel. */
const LARGE = 2.5;
const STEP = 1.4;
const KEY_DISTANCE = 60;
const ZOOM_KEYS: Record<string, number> = { "+": STEP, "=": STEP, "-": 1 / STEP, "0": 0 };
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: 1, y: 0 },
  ArrowRight: { x: -1, y: 0 },
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
};

export class Stage implements GestureTarget {
  readonly element: HTMLElement;
  readonly #frame: HTMLElement;
  readonly #picture = el("div", { class: "picture" });
  readonly #slider: BeforeAndAfter | undefined;
  readonly #zoomButton: HTMLButtonElement;
  /** Shows the next picture, or with -1 the previous one. */
  readonly #turn: ((by: 1 | -1) => void) | null;
  #zoom: Zoom | null = null;

  constructor(result: Result, turn: ((by: 1 | -1) => void) | null) {
    this.#turn = turn;
    const alt = t("resultAlt", { title: productName(result.product) });
    const image = el("img", { src: result.imageUrl, alt, part: "result", draggable: "false" });
    image.addEventListener("load", () => this.#fit(image));
    this.#picture.append(image);
    if (result.photo?.preview?.width) this.#slider = new BeforeAndAfter(this.#picture, result);
    this.#frame = el("div", { class: "zoomable", part: "zoom-area" }, this.#picture);
    this.#zoomButton = iconButton("zoom", "zoomIn", () => this.#toggleZoom(), ZOOM_ICON);
    const tools = el("div", { class: "tools" }, this.#zoomButton);
    this.element = el("div", { class: "stage" }, this.#frame, tools);
    addListener(this.element, "keydown", (event) => this.#onKey(event as KeyboardEvent));
    this.#listen(new Gestures(this));
  }

  /** Give the box the picture's proportions, which may differ from the photo's. */
  #fit({ naturalWidth, naturalHeight }: HTMLImageElement): void {
    const visual = this.element.parentElement;
    visual?.style.setProperty("--ar", `${naturalWidth / naturalHeight}`);
  }

  #listen(gestures: Gestures): void {
    const frame = this.#frame;
    const pointer = (event: PointerEvent) => ({
      ...this.#pointOf(event),
      id: event.pointerId,
      time: event.timeStamp,
    });
    addListener(frame, "pointerdown", (event) => {
      const { button, pointerId } = event as PointerEvent;
      if (button) return;
      frame.setPointerCapture(pointerId);
      gestures.down(pointer(event as PointerEvent));
    });
    addListener(frame, "pointerup", (event) => gestures.up(pointer(event as PointerEvent)));
    frame.addEventListener("pointermove", (event) => gestures.move(pointer(event)));
    frame.addEventListener("pointercancel", ({ pointerId }) => gestures.cancel(pointerId));
    frame.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
  }

  #pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.#frame.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  get #sizes(): [frame: Size, picture: Size] {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    const { offsetWidth, offsetHeight } = this.#picture;
    return [
      { width, height },
      { width: offsetWidth, height: offsetHeight },
    ];
  }

  holdsSlider({ x }: Point): boolean {
    return !this.#zoom && Boolean(this.#slider?.isAt(x + this.#frame.getBoundingClientRect().left));
  }

  dragMode(): "pan" | "swipe" | "slide" | null {
    if (this.#zoom) return "pan";
    if (this.#turn) return "swipe";
    return this.#slider ? "slide" : null;
  }

  onSlide({ x }: Point): void {
    this.#slider?.moveTo(x + this.#frame.getBoundingClientRect().left);
  }

  onSwiping(distance: number): void {
    this.#picture.style.translate = distance ? `${distance}px` : "";
  }

  onSwipe(distance: number): void {
    this.onSwiping(0);
    this.#turn?.(distance > 0 === (direction() === "rtl") ? 1 : -1);
  }

  onPan(by: Point): void {
    if (this.#zoom) this.#apply(moved(this.#zoom, by, ...this.#sizes));
  }

  onPinch(factor: number, at: Point, by: Point): void {
    this.#zoomBy(factor, at);
    this.onPan(by);
  }

  onDoubleTap(at: Point): void {
    this.#zoomBy(this.#zoom ? 0 : LARGE, at);
  }

  #toggleZoom(): void {
    this.#zoomBy(this.#zoom ? 0 : LARGE);
  }

  #onWheel(event: WheelEvent): void {
    if (!event.ctrlKey) return; // scrolls
    event.preventDefault();
    this.#zoomBy(Math.exp(-event.deltaY / 200), this.#pointOf(event));
  }

  #onKey(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    const factor = ZOOM_KEYS[key];
    const arrow = ARROWS[key];
    if (factor !== undefined) this.#zoomBy(factor);
    else if (arrow && this.#zoom) {
      this.onPan({ x: arrow.x * KEY_DISTANCE, y: arrow.y * KEY_DISTANCE });
    } else if (arrow?.x && this.#turn && event.composedPath()[0] !== this.#slider?.input) {
      this.#turn(arrow.x > 0 === (direction() === "rtl") ? 1 : -1);
    } else return;
    event.preventDefault();
  }

  /** Enlarge by a factor, around a point or the middle; 0 shows the whole picture again. */
  #zoomBy(factor: number, at?: Point): void {
    const [frame, picture] = this.#sizes;
    const middle = { x: frame.width / 2, y: frame.height / 2 };
    const from = this.#zoom ?? whole(frame, picture);
    this.#apply(zoomedAt(from, factor, at ?? middle, frame, picture));
  }

  #apply(zoom: Zoom): void {
    const start = whole(...this.#sizes);
    this.#zoom = zoom.scale > 1 ? zoom : null;
    const [x, y] = [zoom.x - start.x, zoom.y - start.y];
    this.#picture.style.transform = this.#zoom
      ? `translate(${x}px, ${y}px) scale(${zoom.scale})`
      : "";
    this.element.classList.toggle("large", Boolean(this.#zoom));
    // The enlarged picture can be moved with the arrow keys.
    this.#frame.tabIndex = this.#zoom ? 0 : -1;
    this.#zoomButton.title = t(this.#zoom ? "zoomOut" : "zoomIn");
    this.#zoomButton.setAttribute("aria-label", this.#zoomButton.title);
  }
}
