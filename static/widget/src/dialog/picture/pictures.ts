// The picture of the result's screen, with the way to the others, or two of them side by side.

import type { Result } from "../../jobs/models";
import { productName } from "../../jobs/product";
import { t } from "../../locales/strings";
import { el, iconButton } from "../dom";
import type { Model, Screen } from "../reducer";
import type { ScreenActions } from "../screens/view";
import { Stage } from "./stage";

const PREVIOUS = "M14.5 5L8 12l6.5 7";
const NEXT = "M9.5 5L16 12l-6.5 7";
const BESIDE = "M3.5 5h7v14h-7zM13.5 5h7v14h-7z";

type ResultModel = Model & { screen: Extract<Screen, { name: "result" }> };

/** Draw the picture, or two of them beside each other. */
export function drawPictures(model: ResultModel, actions: ScreenActions): HTMLElement {
  const { result } = model.screen;
  const beside = otherResult(model);
  if (beside) return drawPair([result, beside], actions);
  const several = model.results.length > 1;
  const turn = several ? (by: number) => actions.showResult(neighbour(model, by)) : null;
  const stage = new Stage(result, turn);
  if (turn) {
    stage.element.append(pager(model, turn));
    const second = neighbour(model, 1);
    const show = () => actions.showBeside(result, second);
    stage.element.querySelector(".tools")?.prepend(besideButton(false, show));
  }
  return stage.element;
}

/** Return the picture beside the current one, unless it was deleted meanwhile. */
export function otherResult({ screen, results }: ResultModel): Result | undefined {
  return results.find((each) => each === screen.beside && each !== screen.result);
}

/** Return the picture some places after the current one; the first follows the last. */
function neighbour({ screen, results }: ResultModel, by: number): Result {
  const { length } = results;
  const at = (results.indexOf(screen.result) + by + length) % length;
  return results[at] as Result;
}

/** Return what screen readers say of the picture that is shown. */
export function describeResult({ screen, results }: Model): string {
  if (screen.name !== "result") return "";
  const alt = t("resultAlt", { title: productName(screen.result.product) });
  return `${positionOf(screen.result, results)}: ${alt}`;
}

function positionOf(result: Result, results: Result[]): string {
  const number = results.indexOf(result) + 1;
  return t("pictureNumber", { number, total: results.length });
}

function pager(model: ResultModel, turn: (by: 1 | -1) => void): HTMLElement {
  return el(
    "div",
    { class: "pager", part: "pager" },
    iconButton("previous", "previousPicture", () => turn(-1), PREVIOUS),
    el("span", {}, positionOf(model.screen.result, model.results)),
    iconButton("next", "nextPicture", () => turn(1), NEXT),
  );
}

function besideButton(pressed: boolean, onClick: () => void): HTMLElement {
  const button = iconButton("beside", "beside", onClick, BESIDE);
  button.setAttribute("aria-pressed", `${pressed}`);
  return button;
}

/** Draw two pictures; a click shows one of them alone. */
function drawPair(results: [Result, Result], actions: ScreenActions): HTMLElement {
  const figures = results.map((result) => {
    const title = productName(result.product);
    const image = el("img", { src: result.imageUrl, alt: t("resultAlt", { title }) });
    const onClick = () => actions.showResult(result);
    return el(
      "li",
      {},
      el("button", { type: "button", part: "beside-picture", onClick }, image),
      el("span", { dir: "auto", "aria-hidden": "true" }, title),
    );
  });
  const alone = besideButton(true, () => actions.showResult(results[0]));
  return el(
    "div",
    { class: "stage" },
    el("ul", { class: "beside" }, ...figures),
    el("div", { class: "tools" }, alone),
  );
}
