// TypeScript as a shop may write it; compiling it is the test.

import { expect, it } from "vitest";
import type { Events, GenvorisApi, GenvorisCall } from "../widget";

function useAll(genvoris: GenvorisApi): () => void {
  genvoris.open({
    productImages: ["/a.png"],
    productTitle: "A",
    productVariants: [{ label: "L" }],
  });
  genvoris.openTryOn({ token: "t" });
  genvoris.update({ language: "ar", strings: { left: { one: "x", other: "y" } }, borderRadius: 4 });
  genvoris.update({
    getToken: async () => "t",
    autoStyle: false,
    samplePhotos: [{ src: "/m.jpg" }],
  });
  const stop = genvoris.on("quota", (event) => {
    const limit: number | null = event.detail.limit;
    if (limit) event.preventDefault();
  });
  // @ts-expect-error: there is no such event
  genvoris.on("nothing", () => {});
  // @ts-expect-error: there is no such setting
  genvoris.update({ colour: "red" });
  window.addEventListener("genvoris:tryon-completed", (event) => event.detail.image_url);
  window.Genvoris?.resume();
  genvoris.close();
  genvoris.destroy();
  return stop;
}

it("describes the public API", () => {
  const call: GenvorisCall = ["open", { productTitle: "A" }];
  const type: Events["analytics"]["eventType"] = "WIDGET_OPENED";
  expect([typeof useAll, call[0], type]).toEqual(["function", "open", "WIDGET_OPENED"]);
});
