import { describe, expect, it } from "vitest";
import { readConfig } from "../src/dialog/config";

describe("the settings", () => {
  it.each(["token", "customerToken", "endCustomerToken"])("may hold the token as %s", (name) => {
    expect(readConfig({ [name]: "t" }).token).toBe("t");
  });

  it("ignore the API key of the quickstart's tag", () => {
    const config = readConfig({ apiKey: "gvk_live_1", endCustomerToken: "t" } as object);
    expect(JSON.stringify(config)).not.toContain("gvk_live_1");
  });

  it("are parsed from the tag, and typed in a call", () => {
    const tag = { samplePhotos: '[{"src":"/a.jpg"},7]', maxUploadBytes: "5", heic: "false" };
    const call = { samplePhotos: [{ src: "/a.jpg" }], maxUploadBytes: 5, heic: false };
    expect(readConfig(tag as object)).toEqual(readConfig(call));
    expect(readConfig(call)).toMatchObject({ maxUploadBytes: 5, heic: false });
  });

  it("ignore broken JSON", () => {
    expect(readConfig({ samplePhotos: "[", strings: "{" } as object)).toMatchObject({
      samplePhotos: [],
      strings: {},
    });
  });

  it("identify the policy by version or address", () => {
    expect(readConfig({ privacyUrl: "/p" }).privacyVersion).toBe("/p");
    expect(readConfig({ privacyUrl: "/p", privacyVersion: "2" }).privacyVersion).toBe("2");
  });
});
