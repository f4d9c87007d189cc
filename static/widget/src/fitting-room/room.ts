// What the fitting room's screens and parts use of it.

import type { DialogContext } from "../dialog/context";
import type { Model } from "../dialog/reducer";
import type { Collection } from "./collection";
import type { Kept } from "./keeper";
import type { Outfits } from "./outfits";

export interface Room {
  readonly context: DialogContext;
  readonly model: Model;
  readonly collection: Collection;
  readonly outfits: Outfits;
  /** Whether to ask if the current photo may be kept. */
  readonly mayKeepPhoto: boolean;
  /** Whether the shopper wants the photo to be kept; it is kept when it is used. */
  keepsPhoto: boolean;
  /** Use the photo of an earlier visit again. */
  useLastPhoto(kept: Kept): Promise<void>;
  /** Show the overview, in the open dialog or in a new one. */
  open(picture?: string): void;
  /** Go back to where the overview was opened. */
  back(): void;
}
