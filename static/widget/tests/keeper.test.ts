import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Body, Entry, Head } from "../src/fitting-room/database";
import { type DeviceKeys, fetchDeviceKeys } from "../src/fitting-room/device-keys";
import { Keeper, LIMITS, type Records } from "../src/fitting-room/keeper";
import { readProduct } from "../src/jobs/product";

const DAY = 24 * 3600 * 1000;
const shirt = { ...readProduct({}), title: "Harbour shirt", id: "shirt", image: "/shirt.png" };
const scarf = { ...readProduct({}), title: "Scarf", id: "scarf", image: "/scarf.png" };
const picture = (text = "a picture of Ada") => new Blob([text], { type: "image/jpeg" });

/** Return the keys of somebody, named by bytes; former ones after the current one. */
function keysOf(...bytes: number[]): Promise<DeviceKeys> {
  const keys = bytes.map((byte) => btoa(String.fromCharCode(...new Uint8Array(32).fill(byte))));
  const answer = new Response(JSON.stringify({ keys, days: 30 }));
  vi.stubGlobal("fetch", async () => answer);
  return fetchDeviceKeys("/genvoris") as Promise<DeviceKeys>;
}

/** The database of a device, as far as a keeper uses it. */
class Device implements Records {
  entriesById = new Map<string, Entry>();
  /** How many changes the browser refuses for lack of room. */
  refused = 0;

  heads = async (): Promise<Head[]> => [...this.entriesById.values()].map(([head]) => head);

  body = async (id: string): Promise<Body | undefined> => this.entriesById.get(id)?.[1];

  entries = async (ids: string[]): Promise<Entry[]> =>
    ids.map((id) => this.entriesById.get(id)).filter((entry) => entry !== undefined);

  async change(added: Entry[], removed: string[] = []): Promise<void> {
    if (added.length && this.refused-- > 0) throw new DOMException("full", "QuotaExceededError");
    for (const entry of added) this.entriesById.set(entry[0].id, entry);
    for (const id of removed) this.entriesById.delete(id);
  }

  close(): void {}
}

let device = new Device();
let now = Date.UTC(2026, 10, 28);

async function open(...bytes: number[]): Promise<Keeper> {
  const keeper = await Keeper.open(
    await keysOf(...bytes),
    () => now,
    async () => device,
  );
  return keeper as Keeper;
}

/** Return all that the device holds, as text and as bytes. */
function dump(): string {
  const entries = [...device.entriesById.values()].flat();
  const bytes = entries.flatMap(({ sealed }) => [...new Uint8Array(sealed.data)]);
  return JSON.stringify(entries) + String.fromCharCode(...bytes);
}

/** Keep pictures one after the other. */
async function keepMany(keeper: Keeper, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    now += 1;
    await keeper.keepPicture(`j${number}`, [shirt], picture());
  }
}

/** Return the jobs of an account's pictures. */
async function names(keeper: Keeper): Promise<(string | undefined)[]> {
  return (await keeper.pictures()).map(({ id }) => id.split("/")[1]);
}

const allowed = { ...LIMITS };

beforeEach(() => {
  Object.assign(LIMITS, allowed);
  now = Date.UTC(2026, 10, 28);
  device = new Device();
});

describe("what is kept", () => {
  it("is there on the next visit, newest first", async () => {
    const before = await open(1);
    await before.keepPicture("j1", [shirt], picture());
    now += 1;
    await before.keepPicture("j2", [shirt, scarf], picture("with a scarf"));
    const after = await open(1);
    const [second, first] = await after.pictures();
    expect(first?.products).toEqual([shirt]);
    expect(second?.products.map(({ id }) => id)).toEqual(["shirt", "scarf"]);
    const blob = await after.read(second as never);
    expect([await blob.text(), blob.type]).toEqual(["with a scarf", "image/jpeg"]);
    expect(await after.photo()).toBeNull();
  });

  it("is neither readable nor visible for the next user", async () => {
    const ada = await open(1);
    const kept = await ada.keepPicture("j1", [shirt], picture());
    await ada.keepPhoto({ blob: picture("a photo of Ada") });
    const ben = await open(2);
    expect(await ben.pictures()).toEqual([]);
    expect(await ben.photo()).toBeNull();
    await expect(ben.read(kept)).rejects.toThrow();
    await ben.clear();
    expect(await ada.pictures()).toHaveLength(1);
    const everything = dump();
    expect(everything).toContain("j1");
    for (const secret of ["Ada", "Harbour", "shirt", "jpeg"]) {
      expect(everything).not.toContain(secret);
    }
  });

  it("cannot be taken for another record", async () => {
    const ada = await open(1);
    const first = await ada.keepPicture("j1", [shirt], picture());
    const second = await ada.keepPicture("j2", [scarf], picture("another"));
    const [head, body] = device.entriesById.get(first.id) as Entry;
    const { id } = second;
    await device.change([
      [
        { ...head, id },
        { ...body, id },
      ],
    ]);
    expect((await ada.pictures()).map(({ id }) => id)).toEqual([first.id]);
    await expect(ada.read(second)).rejects.toThrow();
  });

  it("is kept once for a job that two tabs follow", async () => {
    const [one, other] = [await open(1), await open(1)];
    await Promise.all([one, other].map((tab) => tab.keepPicture("j1", [shirt], picture())));
    expect(await one.pictures()).toHaveLength(1);
  });
});

describe("a new secret of the shop", () => {
  it("takes over what the former one has sealed", async () => {
    await (await open(1)).keepPicture("j1", [shirt], picture());
    const both = await open(9, 1);
    expect(await both.pictures()).toHaveLength(1);
    const later = await open(9);
    const [kept] = await later.pictures();
    expect(await (await later.read(kept as never)).text()).toBe("a picture of Ada");
    expect(await (await open(1)).pictures()).toEqual([]);
  });
});

describe("the end", () => {
  it("is visible, and removes the picture, whose ever it is", async () => {
    const kept = await (await open(1)).keepPicture("j1", [shirt], picture());
    expect(kept.ends).toBe(now + 30 * DAY);
    now = kept.ends - 1;
    expect(await (await open(1)).pictures()).toHaveLength(1);
    now = kept.ends;
    await open(2);
    expect(dump()).toBe("[]");
  });

  it("is nothing to open with without a key, or with no days", async () => {
    expect(await Keeper.open({ keys: [], days: 30 })).toBeNull();
    expect(await Keeper.open({ ...(await keysOf(1)), days: 0 })).toBeNull();
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 401 }));
    expect(await fetchDeviceKeys("/genvoris")).toBeNull();
  });
});

describe("room", () => {
  it("is made by the oldest pictures, never by the photo", async () => {
    const keeper = await open(1);
    await keeper.keepPhoto({ blob: picture() });
    LIMITS.pictures = 3;
    await keepMany(keeper, 5);
    expect(await names(keeper)).toEqual(["j5", "j4", "j3"]);
    expect(await keeper.photo()).not.toBeNull();
  });

  it("is bounded in bytes", async () => {
    const keeper = await open(1);
    LIMITS.bytes = 70;
    await keepMany(keeper, 5);
    expect(await names(keeper)).toEqual(["j5", "j4"]);
  });

  it("that the browser lacks is made by the oldest", async () => {
    const keeper = await open(1);
    await keepMany(keeper, 3);
    device.refused = 2;
    now += 1;
    await keeper.keepPicture("j4", [shirt], picture());
    expect(await names(keeper)).toEqual(["j4", "j3"]);
  });
});

describe("deleting", () => {
  it("can be undone", async () => {
    const keeper = await open(1);
    const kept = await keeper.keepPicture("j1", [shirt], picture());
    const undo = await keeper.remove([kept.id]);
    expect(await keeper.pictures()).toEqual([]);
    await undo();
    expect(await (await keeper.read(kept)).text()).toBe("a picture of Ada");
  });

  it("deletes the photo alone, or all", async () => {
    const keeper = await open(1);
    await keeper.keepPicture("j1", [shirt], picture());
    await keeper.keepPhoto({ blob: picture() });
    const undo = await keeper.removePhoto();
    expect(await keeper.photo()).toBeNull();
    expect(await keeper.pictures()).toHaveLength(1);
    await undo();
    await keeper.clear();
    expect([await keeper.photo(), await keeper.pictures()]).toEqual([null, []]);
  });
});

describe("a key", () => {
  it("cannot be read back, and its account does not tell whose it is", async () => {
    const { keys } = await keysOf(1);
    const [{ key, account }] = keys as [DeviceKeys["keys"][0]];
    expect(key.extractable).toBe(false);
    expect(account).toMatch(/^[\da-f]{32}$/);
    expect((await keysOf(2)).keys[0]?.account).not.toBe(account);
  });
});
