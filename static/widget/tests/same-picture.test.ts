import { afterEach, describe, expect, it } from "vitest";
import { attemptName, clearAttempts, saveAttempt } from "../src/jobs/attempts";
import type { Result } from "../src/jobs/models";
import { readProduct } from "../src/jobs/product";
import { findPicture, isMade } from "../src/jobs/same-picture";
import type { Photo } from "../src/photo/photo";

const photo = (digest?: string): Photo => ({ blob: new Blob(), preview: null, digest });
const shirt = { ...readProduct({}), id: "shirt", image: "/shirt.png" };
const red = { ...shirt, variant: "Red" };
const mine = photo("me");
const result: Result = { id: "j", imageUrl: "/j", product: shirt, photo: mine };

afterEach(clearAttempts);

describe("a picture that was made already", () => {
  it("is found for the same photo and product", () => {
    expect(findPicture([result], mine, { ...shirt })).toBe(result);
    expect(isMade([result], mine, shirt)).toBe(true);
  });

  it("is found for a photo that was chosen or sent once more", () => {
    expect(findPicture([result], photo("me"), shirt)).toBe(result);
  });

  it("is not that of another photo or variant", () => {
    expect(findPicture([result], photo("us"), shirt)).toBeUndefined();
    expect(findPicture([result], mine, red)).toBeUndefined();
    expect(isMade([result], mine, red)).toBe(false);
  });

  it("is not that of another photo where pages cannot compute digests", () => {
    expect(findPicture([{ ...result, photo: photo() }], photo(), shirt)).toBeUndefined();
  });

  it("is not looked for once its photo is deleted", () => {
    expect(findPicture([{ ...result, photo: null }], mine, shirt)).toBeUndefined();
  });

  it("is known after a reload", () => {
    saveAttempt(attemptName(shirt, mine), { key: "k", id: "j" });
    expect(isMade([], photo("me"), shirt)).toBe(false);
    saveAttempt(attemptName(shirt, mine), { key: "k", id: "j", done: true });
    expect(isMade([], photo("me"), shirt)).toBe(true);
    expect(isMade([], photo("me"), red)).toBe(false);
    expect(isMade([], photo("us"), shirt)).toBe(false);
  });
});
