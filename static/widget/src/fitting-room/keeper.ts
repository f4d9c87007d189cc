// Keeps pictures on this device, each sealed for the account of whoever is shopping.

import type { Photo } from "../photo/photo";
import type { Product } from "../widget/public";
import { Database, type Entry, type Head } from "./database";
import type { DeviceKey, DeviceKeys } from "./device-keys";
import { seal, unseal } from "./sealing";

/** What is known of a picture without opening it. */
export interface Kept {
  id: string;
  /** Milliseconds since 1970. */
  made: number;
  ends: number;
  /** All that is worn, the last garment last; empty for the shopper's photo. */
  products: Product[];
  type: string;
  /** Of the file that the photo was made from. */
  digest?: string | undefined;
}

/** What a keeper uses of the database. */
export type Records = Pick<Database, "heads" | "body" | "entries" | "change" | "close">;

const DAY = 24 * 3600 * 1000;
/** What an account may keep on a device; the oldest pictures make room for new ones. */
export const LIMITS = { pictures: 60, bytes: 40 * 1024 * 1024 };
const PHOTO = "photo";

export class Keeper {
  readonly #own: DeviceKey;

  private constructor(
    private readonly database: Records,
    private readonly keys: DeviceKey[],
    readonly days: number,
    private readonly now: () => number,
  ) {
    this.#own = keys[0] as DeviceKey;
  }

  /** Open the device's store, and remove what has ended, whose ever it is; null without a key. */
  static async open(
    { keys, days }: DeviceKeys,
    now = Date.now,
    openRecords: () => Promise<Records> = Database.open,
  ): Promise<Keeper | null> {
    if (!keys.length || days <= 0) return null;
    const keeper = new Keeper(await openRecords(), keys, days, now);
    const heads = await keeper.database.heads();
    const ended = heads.filter(({ ends }) => ends <= now()).map(({ id }) => id);
    if (ended.length) await keeper.database.change([], ended);
    await keeper.#adopt().catch(() => {}); // they can still be opened
    return keeper;
  }

  /** Seal with the current key what a former secret of the shop has sealed. */
  async #adopt(): Promise<void> {
    for (const head of await this.#ownHeads()) {
      const { account, id } = head;
      if (account === this.#own.account) continue;
      const kept = await this.#open(head);
      const picture = await this.read(kept);
      const renamed = { ...kept, id: this.#own.account + id.slice(account.length) };
      const entry = await this.#sealed(renamed, new Uint8Array(await picture.arrayBuffer()));
      await this.database.change([entry], [id]);
    }
  }

  /** Return the shopper's own pictures, newest first. */
  async pictures(): Promise<Kept[]> {
    return (await this.#list()).filter(({ id }) => !isPhoto(id));
  }

  async photo(): Promise<Kept | null> {
    return (await this.#list()).find(({ id }) => isPhoto(id)) ?? null;
  }

  keepPicture(jobId: string, products: Product[], picture: Blob): Promise<Kept> {
    return this.#keep(jobId, products, picture);
  }

  keepPhoto({ blob, digest }: Pick<Photo, "blob" | "digest">): Promise<Kept> {
    return this.#keep(PHOTO, [], blob, digest);
  }

  /** Return a picture; throw if it is gone, or sealed for somebody else. */
  async read({ id, type }: Kept): Promise<Blob> {
    const body = await this.database.body(id);
    const key = this.#keyOf(id);
    if (!body || !key) throw new Error("The picture is not kept any more.");
    return new Blob([await unseal(key, `${id} body`, body.sealed)], { type });
  }

  /** Remove pictures, and return what brings them back. */
  async remove(ids: string[]): Promise<() => Promise<void>> {
    const entries = await this.database.entries(ids);
    await this.database.change([], ids);
    return () => this.database.change(entries);
  }

  async removePhoto(): Promise<() => Promise<void>> {
    return this.remove((await this.#ownHeads()).map(({ id }) => id).filter(isPhoto));
  }

  /** Remove all that is the shopper's own. */
  async clear(): Promise<() => Promise<void>> {
    return this.remove((await this.#ownHeads()).map(({ id }) => id));
  }

  close(): void {
    this.database.close();
  }

  async #keep(name: string, products: Product[], picture: Blob, digest?: string): Promise<Kept> {
    const made = this.now();
    const id = `${this.#own.account}/${name}`;
    const ends = made + this.days * DAY;
    const kept = { id, made, ends, products, type: picture.type, digest };
    const entry = await this.#sealed(kept, new Uint8Array(await picture.arrayBuffer()));
    for (;;) {
      const oldest = await this.#oldestBeside(entry[0]);
      try {
        await this.database.change([entry], oldest);
        return kept;
      } catch (error) {
        // The browser allows this site less than expected, so the oldest ones go first.
        const heads = (await this.#ownHeads()).filter((head) => !isPhoto(head.id));
        if ((error as DOMException | null)?.name !== "QuotaExceededError" || !heads.length) {
          throw error;
        }
        await this.database.change([], [heads.at(-1)?.id ?? ""]);
      }
    }
  }

  async #sealed(kept: Kept, picture: Uint8Array<ArrayBuffer>): Promise<Entry> {
    const { account, key } = this.#own;
    const { id, made, ends, products, type, digest } = kept;
    const details = new TextEncoder().encode(JSON.stringify({ products, type, digest }));
    const [head, body] = await Promise.all([
      seal(key, `${id} ${ends}`, details),
      seal(key, `${id} body`, picture),
    ]);
    const bytes = body.data.byteLength;
    return [
      { id, account, made, ends, bytes, sealed: head },
      { id, sealed: body },
    ];
  }

  /** Return the oldest pictures, which make room for another one. */
  async #oldestBeside(added: Head): Promise<string[]> {
    let { bytes } = added;
    let count = 1;
    const heads = (await this.#ownHeads()).filter(({ id }) => id !== added.id && !isPhoto(id));
    return heads
      .filter((head) => {
        bytes += head.bytes;
        return ++count > LIMITS.pictures || bytes > LIMITS.bytes;
      })
      .map(({ id }) => id);
  }

  async #list(): Promise<Kept[]> {
    const heads = await this.#ownHeads();
    const opened = await Promise.all(heads.map((head) => this.#open(head).catch(() => null)));
    return opened.filter((kept) => kept !== null);
  }

  async #open({ id, made, ends, sealed }: Head): Promise<Kept> {
    const key = this.#keyOf(id) as CryptoKey;
    const details = await unseal(key, `${id} ${ends}`, sealed);
    return { id, made, ends, ...JSON.parse(new TextDecoder().decode(details)) };
  }

  /** Return the shopper's records that have not ended, newest first. */
  async #ownHeads(): Promise<Head[]> {
    const heads = await this.database.heads();
    return heads
      .filter(({ id, ends }) => this.#keyOf(id) && ends > this.now())
      .sort((a, b) => b.made - a.made);
  }

  #keyOf(id: string): CryptoKey | undefined {
    return this.keys.find(({ account }) => id.startsWith(`${account}/`))?.key;
  }
}

const isPhoto = (id: string): boolean => id.endsWith(`/${PHOTO}`);
