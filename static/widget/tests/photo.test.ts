import { describe, expect, it } from "vitest";
import { kindOf, PhotoError, prepare, scaledSize } from "../src/photo";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("a photo", () => {
  it.each([
    ["jpeg", "\xff\xd8\xff\xe0"],
    ["png", "\x89PNG\r\n\x1a\n"],
    ["webp", "RIFF\0\0\0\0WEBPVP8 "],
    ["heic", "\0\0\0\x18ftypheic"],
    ["heic", "\0\0\0\x18ftypmif1"],
  ])("is told to be %s by its bytes", (kind, head) => {
    expect(kindOf(bytes(head))).toBe(kind);
  });

  it.each([
    "",
    "GIF89a",
    "<svg xmlns=",
    "%PDF-1.7",
    "RIFF\0\0\0\0WAVE",
    "\0\0\0\x18ftypmp42",
  ])("is not %j", (head) => {
    expect(kindOf(bytes(head))).toBeNull();
  });

  it.each([
    [4000, 3000, [1536, 1152]],
    [3000, 4000, [1152, 1536]],
    [600, 900, [600, 900]],
    [50000, 1, [1536, 1]],
  ])("of %i by %i is scaled to %j", (width, height, size) => {
    expect(scaledSize(width, height)).toEqual(size);
  });

  it("that is empty, no photo or too large is refused before anything is decoded", async () => {
    const large = new Blob([bytes("\xff\xd8\xff\xe0"), new Uint8Array(2000)]);
    await expect(prepare(new Blob([]), 1000)).rejects.toThrow(/empty/);
    await expect(prepare(new Blob(["hello"]), 1000)).rejects.toThrow(/not a photo/);
    await expect(prepare(large, 1000)).rejects.toThrow(PhotoError);
  });
});
