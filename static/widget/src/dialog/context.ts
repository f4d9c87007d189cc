// What the dialog's modules share: its state, its element, and the services behind them.

import { Backend } from "../jobs/backend";
import { TokenSource } from "../jobs/token-source";
import { language } from "../locales/strings";
import type { WidgetContext } from "../widget/bundles";
import { Tracker } from "./analytics";
import { type Config, readConfig } from "./config";
import { DialogElement } from "./element";
import type { Outcome } from "./outcome";
import type { View } from "./screens/view";
import { Store } from "./store";
import type { Tools } from "./tools";

declare const __TOOLS__: string;

/** What other bundles add. */
export interface Features {
  readonly outcome: Outcome | undefined;
  /** Load the screens of an outcome, and their sentences in the current language. */
  loadOutcome(): Promise<void>;
  /** Load again the sentences of the bundles that are loaded, after the language has changed. */
  update(): Promise<void>;
  /** Take a photo with the camera; `take` gets it. */
  openCamera(take: (photo: Blob) => void): Promise<void>;
  /** Add to a screen before it is shown. */
  extend(view: View): void;
  /** Open the dialog with the overview. */
  openFittingRoom(): Promise<void>;
  /** Open the copy on this device of a job's picture, if there is one. */
  openCopy(jobId: string): Promise<void>;
}

export class DialogContext {
  readonly config: Config;
  readonly store = new Store();
  readonly element = new DialogElement();
  readonly tokens: TokenSource;
  readonly tracker: Tracker;
  readonly backend: Backend;
  /** Loaded once there is a photo. */
  tools: Tools | undefined;
  features: Features | undefined;
  /** What opened the dialog: it gets the focus back, and lends its colours. */
  opener: Element | null = null;

  constructor(
    readonly widget: WidgetContext,
    readonly signal: AbortSignal,
  ) {
    const { settings } = widget;
    this.config = readConfig(settings);
    this.tracker = new Tracker(settings, signal);
    this.backend = new Backend(this.config, this.tracker);
    this.tokens = new TokenSource(async () =>
      settings.getToken ? settings.getToken() : (await this.backend.session()).token,
    );
    this.tokens.set(this.config.token);
  }

  /** Read the settings again. */
  updateConfig(): void {
    const { token } = this.config;
    Object.assign(this.config, readConfig(this.widget.settings));
    // The token of an unchanged page may have been refreshed since.
    if (this.config.token !== token) this.tokens.set(this.config.token);
  }

  /** Load what follows the first screen and a start, or the screens that a status leads to. */
  async loadAll(): Promise<Tools> {
    const tools = await this.loadTools();
    await this.features?.loadOutcome();
    return tools;
  }

  /** Load what follows the first screen, and its sentences in the current language. */
  async loadTools(): Promise<Tools> {
    const { bundles } = this.widget;
    const code = language();
    const later = `later-${code}` as const;
    const integrity = bundles[`locale-${code}`]?.at(-1) as string;
    await Promise.all([this.widget.load("tools", __TOOLS__), this.widget.load(later, integrity)]);
    const tools = bundles.tools as Tools;
    if (!this.tools) {
      this.element.addStyle(tools.css);
      tools.watchPictures(this.element, this.store, this.signal);
    }
    this.tools = tools;
    if (code === language()) tools.addSentences(bundles[later] ?? [], this.config.strings);
    const { FeatureLoader } = bundles;
    if (FeatureLoader) this.features ??= new FeatureLoader(this);
    await this.features?.update();
    return tools;
  }
}
