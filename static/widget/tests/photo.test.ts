import { describe, expect, it } from "vitest";
import { scaledSize } from "../src/photo/decode";
import { withoutMetadata } from "../src/photo/heic";
import { detectFormat, readSize } from "../src/photo/image-header";
import { prepare } from "../src/photo/photo";
import { withoutOrientation } from "../src/photo/webp";

const LIMITS = { maxUploadBytes: 10_000_000, heic: true };

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("a photo", () => {
  it.each([
    ["jpeg", "\xff\xd8\xff\xe0"],
    ["png", "\x89PNG\r\n\x1a\n"],
    ["webp", "RIFF\0\0\0\0WEBPVP8 "],
    ["heic", "\0\0\0\x18ftypheic"],
    ["heic", "\0\0\0\x18ftypmif1"],
  ])("is recognised as %s", (kind, head) => {
    expect(detectFormat(bytes(head))).toBe(kind);
  });

  it.each([
    "",
    "GIF89a",
    "<svg xmlns=",
    "%PDF-1.7",
    "RIFF\0\0\0\0WAVE",
    "\0\0\0\x18ftypmp42",
  ])("is not %j", (head) => {
    expect(detectFormat(bytes(head))).toBeNull();
  });

  it.each([
    [4000, 3000, [1536, 1152]],
    [3000, 4000, [1152, 1536]],
    [600, 900, [600, 900]],
    [50000, 1, [1536, 1]],
  ])("of %i by %i is scaled to %j", (width, height, size) => {
    expect(scaledSize(width, height)).toEqual(size);
  });

  it.each([
    ["too small", 255, 4000],
    ["too wide", 2600, 1000],
    ["too wide or too tall", 1000, 2600],
    ["larger than 100 MP", 12000, 9000],
  ])("is %s at %i by %i", async (words, width, height) => {
    expect(await prepare(new Blob([png(width, height)]), LIMITS)).toContain(words);
  });

  it("that is empty or no photo is refused", async () => {
    expect(await prepare(new Blob([]), LIMITS)).toMatch(/empty/);
    expect(await prepare(new Blob(["hello"]), LIMITS)).toMatch(/not a photo/);
  });

  it("of HEIC may be refused", async () => {
    const heic = new Blob([bytes("\0\0\0\x18ftypheic")]);
    const large = { ...LIMITS, maxUploadBytes: 4 };
    expect(await prepare(heic, { ...LIMITS, heic: false })).toMatch(/save the photo as a JPEG/);
    expect(await prepare(heic, large)).toMatch(/larger than 0 MB/);
    expect(await prepare(heic, LIMITS)).toMatchObject({ preview: null });
  });
});

describe("a JPEG's size", () => {
  it.each([1, 2, 3, 4])("is unchanged by orientation %i", (orientation) => {
    expect(readSize(jpeg(400, 300, orientation), "jpeg")).toEqual([400, 300]);
  });

  it.each([5, 6, 7, 8])("is rotated by orientation %i", (orientation) => {
    expect(readSize(jpeg(400, 300, orientation), "jpeg")).toEqual([300, 400]);
    expect(readSize(jpeg(400, 300, orientation, true), "jpeg")).toEqual([300, 400]);
  });

  it.each([0, 9, 255])("is unchanged by the invalid orientation %i", (none) => {
    expect(readSize(jpeg(400, 300, none), "jpeg")).toEqual([400, 300]);
  });

  it.each([
    true,
    false,
  ])("is as it is stored when its orientation is LONG (little: %j)", (little) => {
    const block = Uint8Array.from(tiff(6, little));
    block[little ? 12 : 13] = 4;
    expect(readSize(jpegOf(400, 300, [...block]), "jpeg")).toEqual([400, 300]);
  });

  it("depends on the first Exif block only", () => {
    const [turned, upright] = [tiff(6, true), tiff(1, true)];
    expect(readSize(jpegOf(400, 300, turned, upright), "jpeg")).toEqual([300, 400]);
    expect(readSize(jpegOf(400, 300, upright, turned), "jpeg")).toEqual([400, 300]);
  });

  it.each([
    ["fill bytes", [0xff, 0xff]],
    ["zeros", [0, 0]],
    ["letters", [...bytes("loose")]],
    ["a restart", [0xff, 0xd0]],
    ["a stuffed byte", [0xff, 0]],
  ])("is found behind %s between two segments", (_, loose) => {
    const [start, ...rest] = [...jpeg(400, 300, 6)];
    const data = [start, rest[0], ...loose, ...rest.slice(1)] as number[];
    expect(readSize(Uint8Array.from(data), "jpeg")).toEqual([300, 400]);
  });

  it("is unknown in a truncated file", () => {
    expect(readSize(jpeg(400, 300, 1).slice(0, 12), "jpeg")).toBeNull();
    expect(readSize(bytes("RIFF"), "webp")).toBeNull();
  });
});

describe("a WebP's orientation", () => {
  const chunk = (name: string, data: number[]) => [
    ...[...bytes(name), ...number(data.length, 4, true), ...data],
    ...(data.length % 2 ? [0] : []),
  ];
  const webp = (...chunks: number[][]) =>
    new Blob([Uint8Array.from([...bytes("RIFF\0\0\0\0WEBP"), ...chunks.flat()])]);
  const header = chunk("VP8X", [0x28, ...Array(9).fill(0)]);

  it.each([[...bytes("Exif\0\0")], []])("is removed (prefix: %j)", async (...prefix) => {
    const exif = chunk("EXIF", [...(prefix as number[]), ...tiff(6, true), 0]);
    const [file, orientation] = await withoutOrientation(
      webp(header, chunk("VP8 ", [1, 2, 3]), exif),
    );
    const text = String.fromCharCode(...new Uint8Array(await file.arrayBuffer()));
    expect(orientation).toBe(6);
    expect(text).not.toContain("EXIF");
    expect(text.charCodeAt(20)).toBe(0x20);
    expect(text).toContain("VP8 \x03\0\0\0\x01\x02\x03\0");
  });

  it("is the first one, and 1 without any", async () => {
    const [first, second] = [tiff(8, false), tiff(6, true)].map((block) => chunk("EXIF", block));
    expect((await withoutOrientation(webp(header, first ?? [], second ?? [])))[1]).toBe(8);
    expect((await withoutOrientation(webp(chunk("VP8 ", [1]))))[1]).toBe(1);
    expect((await withoutOrientation(webp(header, chunk("EXIF", tiff(9, true)))))[1]).toBe(1);
    expect((await withoutOrientation(new Blob(["RIFF"])))[1]).toBe(1);
  });
});

describe("a HEIC photo that is sent as it is", () => {
  const secrets = "GPS 48.137N SecretCamera";

  it.each([true, false])("loses its Exif fields (little-endian: %j)", (little) => {
    const before = Uint8Array.from([...bytes("picture"), ...tiff(6, little, secrets), 1, 2, 3]);
    const text = String.fromCharCode(...withoutMetadata(before));
    expect(String.fromCharCode(...before)).toContain(secrets);
    expect(text).not.toContain("Secret");
    expect(text).toHaveLength(before.length);
    expect(text.startsWith("picture")).toBe(true);
    expect(text.endsWith("\x01\x02\x03")).toBe(true);
  });

  it("loses its XMP packet, even one without an end", () => {
    const clean = (text: string) => String.fromCharCode(...withoutMetadata(bytes(text)));
    expect(clean("a<x:xmpmeta>Munich</x:xmpmeta>b")).toMatch(/^a +b$/);
    expect(clean("a<x:xmpmeta>Munich")).not.toContain("Munich");
  });

  it("with broken directories stays as it is", () => {
    const broken = bytes("II*\0\x08\0\0\0\xff\xff");
    expect(withoutMetadata(broken)).toEqual(broken);
  });
});

function number(value: number, size: number, little: boolean): number[] {
  const list = Array.from({ length: size }, (_, index) => (value >> (8 * index)) & 0xff);
  return little ? list : list.reverse();
}

/** A TIFF block with an orientation and, behind its directory, a text. */
function tiff(orientation: number, little: boolean, text = "x"): number[] {
  const n = (value: number, size: number) => number(value, size, little);
  const entry = (tag: number, type: number, count: number, value: number[]) => [
    ...n(tag, 2),
    ...n(type, 2),
    ...n(count, 4),
    ...value,
  ];
  return [
    ...bytes(little ? "II*\0" : "MM\0*"),
    ...n(8, 4),
    ...n(2, 2),
    ...entry(0x0112, 3, 1, [...n(orientation, 2), 0, 0]),
    ...entry(0x010f, 2, text.length, n(38, 4)),
    ...n(0, 4),
    ...bytes(text),
  ];
}

function jpeg(width: number, height: number, orientation: number, little = false): Uint8Array {
  return jpegOf(width, height, tiff(orientation, little));
}

/** A JPEG's start with these TIFF blocks, up to its frame header. */
function jpegOf(width: number, height: number, ...blocks: number[][]): Uint8Array {
  const n = (value: number) => number(value, 2, false);
  const noted = blocks.flatMap((block) => [
    ...[0xff, 0xff, 0xe1, ...n(block.length + 8), ...bytes("Exif\0\0"), ...block],
  ]);
  return Uint8Array.from([
    ...[0xff, 0xd8, ...noted],
    ...[0xff, 0xc4, ...n(4), 0, 0],
    ...[0xff, 0xc2, ...n(11), 8, ...n(height), ...n(width), 3, 0, 0, 0],
  ]);
}

function png(width: number, height: number): Uint8Array<ArrayBuffer> {
  const size = [...number(width, 4, false), ...number(height, 4, false)];
  return Uint8Array.from([...bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ...size]);
}
