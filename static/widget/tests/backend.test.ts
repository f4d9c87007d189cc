import { afterEach, expect, test, vi } from "vitest";
import { Backend } from "../src/jobs/backend";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a service worker that caches answers does not keep a job from ending", async () => {
  vi.useFakeTimers();
  const cache = new Map<string, string>();
  const states = ["queued", "running", "done"];
  vi.stubGlobal("fetch", async (url: string) => {
    const body = cache.get(url) ?? JSON.stringify({ id: "j", state: states.shift() });
    cache.set(url, body);
    return new Response(body);
  });
  const backend = new Backend({ apiUrl: "/genvoris" }, { sessionId: () => "" });
  const seen: string[] = [];
  for (let poll = 0; poll < 3; poll++) {
    seen.push((await backend.job("j")).state);
    vi.advanceTimersByTime(500);
  }
  expect(seen).toEqual(["queued", "running", "done"]);
});
