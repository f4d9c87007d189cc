// Reads format, size and orientation from a photo's first bytes, before anything is decoded.

export type PhotoFormat = "jpeg" | "png" | "webp" | "heic";

const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
/** Enough for the metadata that cameras write in front of a picture. */
export const HEAD_BYTES = 512 * 1024;

/** Return a photo's format by its first bytes, since the browser's type is often wrong. */
export function detectFormat(head: Uint8Array): PhotoFormat | null {
  const text = (from: number, to: number) => String.fromCharCode(...head.slice(from, to));
  if (text(0, 3) === "\xff\xd8\xff") return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp" && HEIC_BRANDS.includes(text(8, 12))) return "heic";
  return null;
}

/**
 * Return width and height as the picture is probably displayed; null if they are unknown.
 *
 * Browsers differ in which rotations they apply, so a decoded picture is compared with it.
 */
export function readSize(head: Uint8Array, format: PhotoFormat): [number, number] | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    if (format === "png") return [view.getUint32(16), view.getUint32(20)];
    return format === "jpeg" ? readJpegSize(view) : null;
  } catch {
    return null; // the file is truncated
  }
}

/** Read the frame header (ITU T.81, B.2); stray bytes are skipped, as libjpeg does. */
function readJpegSize(view: DataView): [number, number] | null {
  let orientation = 0;
  for (let at = 2; ; ) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || !marker || marker === 0xff) {
      at++;
    } else if (marker === 1 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2; // these have no segment
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const size: [number, number] = [view.getUint16(at + 7), view.getUint16(at + 5)];
      return orientation > 4 ? [size[1], size[0]] : size;
    } else {
      // The first of several Exif blocks counts.
      if (marker === 0xe1 && !orientation && view.getUint32(at + 4) === 0x45786966) {
        orientation = readOrientation(view, at + 10);
      }
      at += 2 + view.getUint16(at + 2);
    }
  }
}

/** Return the orientation in a TIFF block (Exif 2.3, 4.6.4); 1 if there is no valid one. */
export function readOrientation(view: DataView, start: number): number {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  for (let entry = 0; entry < view.getUint16(directory, little); entry++) {
    const field = directory + 2 + entry * 12;
    if (view.getUint16(field, little) !== 0x0112) continue;
    const value = view.getUint16(field + 8, little);
    return view.getUint16(field + 2, little) === 3 && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
