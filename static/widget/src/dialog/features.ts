// Loads what other bundles add: the screens of a try-on's outcome, and the fitting room.

import { addSentences, language } from "../locales/strings";
import { KEPT_KEY, readText } from "../widget/storage";
import type { DialogContext, Features } from "./context";
import type { Outcome } from "./outcome";
import type { Additions, CameraOpener, View } from "./screens/view";

declare const __CAMERA__: string;
declare const __FITTING_ROOM__: string;
declare const __OUTCOME__: string;
declare const __OUTCOME_KEYS__: string;

export class FeatureLoader implements Features {
  outcome: Outcome | undefined;
  #loading: Promise<Additions | undefined> | undefined;
  #room: Additions | undefined;
  #camera: CameraOpener | undefined;

  constructor(private readonly context: DialogContext) {
    const { store } = context;
    if (store.model.photo || readText(KEPT_KEY, "local")) void this.#loadRoom();
    store.subscribe(({ type }) => {
      if (type === "photo" || type === "done") void this.#loadRoom();
    });
  }

  async loadOutcome(): Promise<void> {
    const { widget, config, element } = this.context;
    const { bundles } = widget;
    const code = language();
    const words = `outcome-${code}` as const;
    const integrity = bundles[`later-${code}`]?.at(-1) as string;
    await Promise.all([widget.load("outcome", __OUTCOME__), widget.load(words, integrity)]);
    if (!this.outcome && bundles.outcome) element.addStyle(bundles.outcome.css);
    this.outcome = bundles.outcome;
    if (code === language()) addSentences(__OUTCOME_KEYS__, bundles[words] ?? [], config.strings);
  }

  async update(): Promise<void> {
    if (this.outcome) await this.loadOutcome();
  }

  #loadRoom(): Promise<Additions | undefined> {
    const { widget } = this.context;
    this.#loading ??= widget
      .load("fitting-room", __FITTING_ROOM__)
      .then(() => {
        this.#room = widget.bundles.fittingRoom?.(this.context);
        return this.#room;
      })
      .catch(() => {
        this.#loading = undefined; // everything else works without it
        return undefined;
      });
    return this.#loading;
  }

  extend(view: View): void {
    this.#room?.extend(view);
  }

  async openCamera(take: (photo: Blob) => void): Promise<void> {
    const { store, widget } = this.context;
    const { screen } = store.model;
    await widget.load("camera", __CAMERA__);
    this.#camera ??= widget.bundles.camera?.(this.context);
    // The shopper may have gone on.
    if (store.model.screen === screen) await this.#camera?.open(take);
  }

  async openFittingRoom(): Promise<void> {
    (await this.#loadRoom())?.open();
  }

  async openCopy(jobId: string): Promise<void> {
    await (await this.#loadRoom())?.openCopy(jobId);
  }
}

declare module "../widget/bundles" {
  interface Bundles {
    FeatureLoader?: typeof FeatureLoader;
  }
}
