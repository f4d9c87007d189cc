import { describe, expect, it } from "vitest";
import { copyMark } from "../src/dialog/picture/mark";

const SOURCE =
  "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
const BEGIN = '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>';
const END = '<?xpacket end="w"?>';
const ENDLESS = 200_000; // quadratic time would be minutes
const HEAD = 33;

/** Return the XMP that a PNG gets from a picture with these bytes. */
async function copied(picture: string): Promise<string> {
  const png = new Blob([new Uint8Array(HEAD), "pixels"]);
  const marked = await copyMark(png, new Blob([picture]));
  const text = await marked.text();
  expect(text.endsWith("pixels")).toBe(true);
  const [, xmp = ""] = text.split("iTXtXML:com.adobe.xmp\0\0\0\0\0");
  return xmp;
}

describe("a picture that was drawn anew", () => {
  it.each([
    ["alone", "", "", ""],
    ["over several lines", "", "\n", ""],
    ["after another one", `${BEGIN}other${END} `, "", ""],
    ["after an end", END, "", ""],
    ["before one that never ends", "", "", BEGIN],
    ["after the same words outside of a packet", SOURCE, "", ""],
  ])("keeps the packet that stands %s", async (_place, before, space, after) => {
    const packet = `${BEGIN}${space}${SOURCE}${space}${END}`;
    const xmp = await copied(before + packet + after);
    expect(xmp.slice(0, packet.length)).toBe(packet);
    expect(xmp.length).toBe(packet.length + "CRC!pixels".length);
  });

  it.each([
    ["none", ""],
    ["one of something else", `${SOURCE}${BEGIN}other${END}`],
    ["one that never ends", `${BEGIN}${SOURCE}`],
    ["one that ends without a quote", `${BEGIN}${SOURCE}<?xpacket end=w?>`],
  ])("says it by itself if there is %s", async (_kind, picture) => {
    expect((await copied(picture)).startsWith("<x:xmpmeta")).toBe(true);
  });

  it("is marked in linear time, however many packets never end", async () => {
    const picture = BEGIN.repeat(ENDLESS);
    expect(await copied(picture + SOURCE)).toContain("<x:xmpmeta");
  });
});
