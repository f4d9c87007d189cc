import { afterEach, describe, expect, it, vi } from "vitest";
import { AbsenceError, explain, fetchPicture, reasonOf } from "../src/dialog/picture/absence";

const answerWith = (response: Response | Error) =>
  vi.stubGlobal("fetch", async () => {
    if (response instanceof Error) throw response;
    return response;
  });

afterEach(() => vi.unstubAllGlobals());

describe("a picture", () => {
  it("is fetched", async () => {
    answerWith(new Response("jpeg"));
    expect(await (await fetchPicture("/a.jpg")).text()).toBe("jpeg");
  });

  it.each([
    ["gone", new Response(null, { status: 404 })],
    ["gone", new Response(null, { status: 410 })],
    ["failed", new Response(null, { status: 503 })],
    ["offline", new TypeError("Failed to fetch")],
  ] as const)("is %s", async (why, answer) => {
    answerWith(answer);
    const error = await fetchPicture("/a.jpg").catch((caught) => caught);
    expect(error).toBeInstanceOf(AbsenceError);
    expect(reasonOf(error)).toBe(why);
    expect(explain(why)).not.toBe("");
  });

  it("fails for any other reason", () => {
    expect(reasonOf(new DOMException("Not allowed", "NotAllowedError"))).toBe("failed");
  });
});
