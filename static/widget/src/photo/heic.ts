// Removes a camera's metadata, such as place and time, from a HEIC picture that is sent as it is.

// A TIFF header followed by its first directory: eight bytes that picture data does not contain.
const TIFF_HEADS = ["II*\0\x08\0\0\0", "MM\0*\0\0\0\x08"];
const XMP = ["<x:xmpmeta", "</x:xmpmeta>"] as const;
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
const DIRECTORIES = [0x8769, 0x8825, 0xa005];
const MAX_DIRECTORIES = 20;

/** Return a copy with blank Exif fields and XMP packet (Exif 2.3, 4.6; XMP part 3). */
export function withoutMetadata(picture: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = picture.slice();
  for (const head of TIFF_HEADS) {
    for (let at = find(bytes, head, 0); at >= 0; at = find(bytes, head, at + 1)) {
      blankTiff(bytes, at, head === TIFF_HEADS[0]);
    }
  }
  for (let at = find(bytes, XMP[0], 0); at >= 0; at = find(bytes, XMP[0], at + 1)) {
    const end = find(bytes, XMP[1], at);
    bytes.fill(0x20, at, end < 0 ? bytes.length : end + XMP[1].length);
  }
  return bytes;
}

function blankTiff(bytes: Uint8Array, start: number, little: boolean): void {
  const view = new DataView(bytes.buffer);
  const directories = [view.getUint32(start + 4, little)];
  try {
    for (let walked = 0; walked < MAX_DIRECTORIES && directories.length; walked++) {
      const directory = start + (directories.pop() ?? 0);
      const count = view.getUint16(directory, little);
      for (let entry = 0; entry < count; entry++) {
        const at = directory + 2 + entry * 12;
        const tag = view.getUint16(at, little);
        const value = view.getUint32(at + 8, little);
        const length =
          (SIZES[view.getUint16(at + 2, little)] ?? 1) * view.getUint32(at + 4, little);
        if (DIRECTORIES.includes(tag)) directories.push(value);
        else if (length > 4) bytes.fill(0, start + value, start + value + length);
      }
      bytes.fill(0, directory, directory + 2 + count * 12);
    }
  } catch {
    // The block is truncated: there is no more to blank.
  }
}

function find(bytes: Uint8Array, text: string, from: number): number {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if ([...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0))) return at;
  }
  return -1;
}
