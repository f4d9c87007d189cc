// What the current shopper has on this device, and what becomes of new results. Every failure
// leaves the dialog as it is without kept pictures.

import type { DialogContext } from "../dialog/context";
import type { Deletion } from "../dialog/deletion";
import type { Result } from "../jobs/models";
import { wornIn } from "../jobs/outfit";
import { t } from "../locales/strings";
import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { KEPT_KEY, writeText } from "../widget/storage";
import { deleteDatabase } from "./database";
import { fetchDeviceKeys } from "./device-keys";
import { Keeper, type Kept } from "./keeper";

export class Collection {
  pictures: Kept[] = [];
  photo: Kept | null = null;
  /** What was deleted in the last seconds, while it can be brought back. */
  deletion: Deletion | null = null;
  #keeper: Promise<Keeper | null> = Promise.resolve(null);
  #days = 0;
  /** Brings back what was deleted last. */
  #restore: (() => Promise<void>) | null = null;
  // Results by job, from when they are being kept.
  readonly #keeping = new Map<string, Promise<Kept | null>>();

  constructor(
    private readonly context: DialogContext,
    private readonly onChange: () => void,
  ) {}

  /** Whether pictures can be kept for this shopper. */
  get isOpen(): boolean {
    return this.#days > 0;
  }

  /** When something that is kept now ends, in milliseconds since 1970. */
  get end(): number {
    return Date.now() + this.#days * 24 * 3600 * 1000;
  }

  /** Open the store for whoever is shopping now. */
  async open(): Promise<void> {
    const before = await this.#keeper;
    this.#keeper = this.#open().catch(() => null);
    const keeper = await this.#keeper;
    before?.close();
    this.#days = keeper?.days ?? 0;
    await this.#read();
  }

  async #open(): Promise<Keeper | null> {
    const { config, widget } = this.context;
    // Only pages with https have the means to seal.
    if (!globalThis.crypto?.subtle) return null;
    const off = Number(widget.settings.keepPicturesDays ?? 1) === 0;
    const keys = off ? { keys: [], days: 0 } : await fetchDeviceKeys(config.apiUrl);
    if (keys?.days) return Keeper.open(keys);
    if (off) {
      deleteDatabase();
      writeText(KEPT_KEY, null, "local");
    }
    return null;
  }

  async #read(): Promise<void> {
    const keeper = await this.#keeper;
    [this.pictures, this.photo] = keeper
      ? await Promise.all([keeper.pictures(), keeper.photo()])
      : [[], null];
    this.onChange();
  }

  /** Keep a result's picture; return null if it cannot be kept. */
  keep(result: Result): Promise<Kept | null> {
    const { id } = result;
    const keeping = this.#keeping.get(id) ?? this.#keep(result).catch(() => null);
    this.#keeping.set(id, keeping);
    return keeping;
  }

  async #keep({ id, imageUrl, product }: Result): Promise<Kept | null> {
    const keeper = await this.#keeper;
    const known = this.ofJob(id);
    if (!keeper || known) return known ?? null;
    const picture = await this.context.tools?.fetchPicture(imageUrl);
    if (!picture) return null;
    const page = location.href.replace(/#.*/, "");
    const products = wornIn(product).map(({ outfit, ...each }) => ({
      ...each,
      page: each.page || page,
    }));
    const kept = await keeper.keepPicture(id, products, picture);
    writeText(KEPT_KEY, "1", "local");
    await this.#read();
    return kept;
  }

  async keepPhoto(photo: Photo): Promise<void> {
    try {
      await (await this.#keeper)?.keepPhoto(photo);
      writeText(KEPT_KEY, "1", "local");
      await this.#read();
    } catch {
      // It is asked for again next time.
    }
  }

  async picture(kept: Kept): Promise<Blob> {
    const keeper = await this.#keeper;
    if (!keeper) throw new Error("No pictures are kept.");
    try {
      return await keeper.read(kept);
    } catch (error) {
      // Another tab has deleted it, or its time is over.
      this.pictures = this.pictures.filter((each) => each !== kept);
      setTimeout(this.onChange);
      throw error;
    }
  }

  /** Return the pictures whose last garment is this product, newest first. */
  of({ id, image }: Product): Kept[] {
    return this.pictures.filter(({ products }) => {
      const last = products.at(-1);
      return id ? last?.id === id : last?.image === image;
    });
  }

  ofJob(jobId: string): Kept | undefined {
    return this.pictures.find(({ id }) => id.endsWith(`/${jobId}`));
  }

  removePicture({ id }: Kept): Promise<void> {
    return this.#offerUndo(this.#remove((keeper) => keeper.remove([id])));
  }

  removePhoto(): Promise<void> {
    return this.#offerUndo(this.#remove((keeper) => keeper.removePhoto()));
  }

  removeAll(): Promise<void> {
    return this.#offerUndo(this.removeWithPhoto());
  }

  /** Delete everything along with the current photo, whose deletion offers the undo. */
  removeWithPhoto(): Promise<void> {
    return this.#remove((keeper) => keeper.clear());
  }

  async bringBack(): Promise<void> {
    const restore = this.#restore;
    this.#restore = this.deletion = null;
    await restore?.().catch(() => {});
    await this.#read();
  }

  async #remove(remove: (keeper: Keeper) => Promise<() => Promise<void>>): Promise<void> {
    this.deletion?.now();
    try {
      const keeper = await this.#keeper;
      this.#restore = keeper && (await remove(keeper));
    } finally {
      await this.#read();
    }
  }

  async #offerUndo(removed: Promise<void>): Promise<void> {
    await removed;
    const { tools, element } = this.context;
    if (!tools || !this.#restore) return;
    // They are off the device already, so this only ends the possibility to undo it.
    const end = () => {
      this.#restore = this.deletion = null;
      this.onChange();
    };
    this.deletion = new tools.Deletion(end, () => this.bringBack());
    element.announce(t("keptDeleted"));
    this.onChange();
  }
}
