import { describe, expect, it } from "vitest";
import type { Result } from "../src/jobs/models";
import { readProduct } from "../src/jobs/product";
import { findPicture, isMade } from "../src/jobs/same-picture";
import type { Photo } from "../src/photo/photo";

const photo = (text: string): Photo => ({ blob: new Blob([text]), preview: null });
const shirt = { ...readProduct({}), id: "shirt", image: "/shirt.png" };
const red = { ...shirt, variant: "Red" };
const mine = photo("me");
const result: Result = { id: "j", imageUrl: "/j", product: shirt, photo: mine };

describe("a picture that was made already", () => {
  it("is found for the same photo and product", async () => {
    expect(await findPicture([result], mine, { ...shirt })).toBe(result);
    expect(isMade([result], mine, shirt)).toBe(true);
  });

  it("is found for a photo that was chosen or sent once more", async () => {
    expect(await findPicture([result], photo("me"), shirt)).toBe(result);
  });

  it("is not that of another photo or variant", async () => {
    expect(await findPicture([result], photo("us"), shirt)).toBeUndefined();
    expect(await findPicture([result], photo("mee"), shirt)).toBeUndefined();
    expect(await findPicture([result], mine, red)).toBeUndefined();
    expect(isMade([result], mine, red)).toBe(false);
  });

  it("is not looked for once its photo is deleted", async () => {
    expect(await findPicture([{ ...result, photo: null }], mine, shirt)).toBeUndefined();
  });
});
