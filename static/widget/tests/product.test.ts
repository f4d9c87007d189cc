import { describe, expect, it } from "vitest";
import { productName, readProduct as read } from "../src/jobs/product";

describe("a product", () => {
  const variants = [{ label: "Red", image: "/red.png" }];

  it("is read from triggers and calls alike", () => {
    const data = {
      productImage: "/a.png",
      productTitle: "A",
      productId: "1",
      productCategory: "home",
    };
    const product = { image: "/a.png", title: "A", id: "1", category: "home", page: "" };
    const whole = { ...product, images: ["/a.png"], variant: "", variants, pairs: [] };
    expect(read({ ...data, productVariants: JSON.stringify(variants) })).toEqual(whole);
    const call = {
      productTitle: "A",
      productId: "1",
      productCategory: "home",
      productVariants: variants,
    };
    expect(read({ ...call, productImages: "/a.png" })).toEqual(whole);
    const several = { ...whole, images: ["/a.png", "/b.png"] };
    expect(read({ ...call, productImages: ["/a.png", "/b.png"] })).toEqual(several);
    expect(read({ ...data, productImages: '["/a.png", "/b.png"]' }).images).toEqual(several.images);
    expect(read(several)).toEqual(several);
  });

  it("may have short attribute names", () => {
    expect(read({ image: "/a.png", title: "A" })).toMatchObject({ image: "/a.png", title: "A" });
  });

  it("ignores broken variants", () => {
    expect(read({ productVariants: "[" }).variants).toEqual([]);
  });

  it("is named after title and variant", () => {
    expect(productName({ ...read({ productTitle: "A" }), variant: "Red" })).toBe("A – Red");
    expect(productName(read({ productTitle: "A" }))).toBe("A");
  });
});
