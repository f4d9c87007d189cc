// Removes the orientation from a WebP: some browsers apply it, most do not, and none says which.

import { readOrientation } from "./image-header";

const EXIF = 0x45584946;
const JUNK = 0x4a554e4b;
const VP8X = 0x56503858;
const HAS_EXIF = 8;

/** Return a WebP without its Exif, and the orientation from it (RFC 9649, 2.7.1.5). */
export async function withoutOrientation(file: Blob): Promise<[Blob, number]> {
  const view = new DataView(await file.arrayBuffer());
  let orientation = 0;
  try {
    if (view.getUint32(12) === VP8X) view.setUint8(20, view.getUint8(20) & ~HAS_EXIF);
    for (let at = 12; ; ) {
      const size = view.getUint32(at + 4, true);
      if (view.getUint32(at) === EXIF) {
        view.setUint32(at, JUNK); // readers skip unknown chunks
        const prefix = view.getUint32(at + 8) === 0x45786966 ? 6 : 0;
        orientation ||= readOrientation(view, at + 8 + prefix);
      }
      at += 8 + size + (size & 1);
    }
  } catch {
    return [new Blob([view]), orientation || 1]; // the end of the file
  }
}
