// The records in IndexedDB: a small head and a body each, so that a list needs no pictures.

import type { Sealed } from "./sealing";

export interface Head {
  /** The account and the picture's id. */
  id: string;
  account: string;
  /** Milliseconds since 1970. */
  made: number;
  ends: number;
  /** Size of the sealed body. */
  bytes: number;
  sealed: Sealed;
}

export interface Body {
  id: string;
  sealed: Sealed;
}

export type Entry = [Head, Body];

const NAME = "genvoris";
const STORES = ["heads", "bodies"];

export class Database {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<Database> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name, { keyPath: "id" });
    };
    const db = await resultOf(request);
    // Another tab may delete everything, or a later version of the widget change the stores.
    db.onversionchange = () => db.close();
    return new Database(db);
  }

  heads(): Promise<Head[]> {
    return resultOf(this.db.transaction("heads").objectStore("heads").getAll());
  }

  body(id: string): Promise<Body | undefined> {
    return resultOf(this.db.transaction("bodies").objectStore("bodies").get(id));
  }

  async entries(ids: string[]): Promise<Entry[]> {
    const wanted = (await this.heads()).filter(({ id }) => ids.includes(id));
    const pairs = await Promise.all(wanted.map(async (head) => [head, await this.body(head.id)]));
    return pairs.filter((pair): pair is Entry => Boolean(pair[1]));
  }

  /** Add or replace entries and remove others, all or nothing. */
  change(added: Entry[], removed: string[] = []): Promise<void> {
    const transaction = this.db.transaction(STORES, "readwrite");
    const heads = transaction.objectStore("heads");
    const bodies = transaction.objectStore("bodies");
    for (const [head, body] of added) {
      heads.put(head);
      bodies.put(body);
    }
    for (const id of removed) {
      heads.delete(id);
      bodies.delete(id);
    }
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  close(): void {
    this.db.close();
  }
}

/** Delete everything, of all accounts. */
export function deleteDatabase(): void {
  indexedDB.deleteDatabase(NAME);
}

function resultOf<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
