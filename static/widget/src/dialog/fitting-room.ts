// Loads the fitting room once there is something to keep or to show, and passes on what it adds.

import { KEPT_KEY, readText } from "../widget/storage";
import type { DialogContext } from "./context";
import type { Additions, View } from "./screens/view";

declare const __FITTING_ROOM__: string;

export class FittingRoomLoader implements Additions {
  #loading: Promise<Additions | undefined> | undefined;
  #room: Additions | undefined;

  constructor(private readonly context: DialogContext) {
    const { store } = context;
    if (store.model.photo || readText(KEPT_KEY, "local")) void this.#load();
    store.subscribe(({ type }) => {
      if (type === "photo" || type === "done") void this.#load();
    });
  }

  #load(): Promise<Additions | undefined> {
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

  /** Add to a screen before it is shown. */
  extend(view: View): void {
    this.#room?.extend(view);
  }

  /** Open the dialog with the overview. */
  async open(): Promise<void> {
    (await this.#load())?.open();
  }
}

declare module "../widget/bundles" {
  interface Bundles {
    FittingRoomLoader?: typeof FittingRoomLoader;
  }
}
