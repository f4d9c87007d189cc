// Reads a photo's size from its first bytes, so that what cannot be used is never decoded.

export type Kind = "jpeg" | "png" | "webp" | "heic";

const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
/** How much of a file is looked at: what cameras write in front of a picture fits. */
export const HEAD_BYTES = 512 * 1024;

/** Tells a photo's kind by its first bytes; what the browser calls it is often wrong. */
export function kindOf(head: Uint8Array): Kind | null {
  const text = (from: number, to: number) => String.fromCharCode(...head.slice(from, to));
  if (text(0, 3) === "\xff\xd8\xff") return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp" && HEIC_BRANDS.includes(text(8, 12))) return "heic";
  return null;
}

/** Gives width and height as the picture is seen, after its rotation; null when it cannot tell. */
export function sizeOf(head: Uint8Array, kind: Kind): [number, number] | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    if (kind === "png") return [view.getUint32(16), view.getUint32(20)];
    return kind === "jpeg" ? sizeOfJpeg(view) : null;
  } catch {
    return null; // it ends too soon
  }
}

/** Walks the segments to the frame header (ITU T.81, B.2). */
function sizeOfJpeg(view: DataView): [number, number] | null {
  let turned = false;
  for (let at = 2; view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xe1) turned ||= orientationOf(view, at + 4) > 4;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const size: [number, number] = [view.getUint16(at + 7), view.getUint16(at + 5)];
      return turned ? [size[1], size[0]] : size;
    }
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

/** Reads Orientation from the first directory (Exif 2.3, 4.6.4); 1 when there is none. */
function orientationOf(view: DataView, at: number): number {
  if (view.getUint32(at) !== 0x45786966) return 1;
  const start = at + 6;
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  for (let entry = 0; entry < view.getUint16(directory, little); entry++) {
    const field = directory + 2 + entry * 12;
    if (view.getUint16(field, little) === 0x0112) return view.getUint16(field + 8, little);
  }
  return 1;
}
