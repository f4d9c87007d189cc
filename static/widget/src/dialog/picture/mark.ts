// Marks a picture that was drawn anew like the one it was drawn from: a canvas drops metadata.

const PACKET_MARK = /<\?xpacket (begin|end=...\?>)/gs;
const SOURCE_TYPE =
  "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
// For pictures that say it in a manifest (C2PA), which would not fit another file.
const DEFAULT_PACKET = `<x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:a="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" a:DigitalSourceType="${SOURCE_TYPE}" \
xmlns:b="http://ns.adobe.com/photoshop/1.0/" b:Credit="Virtual try-on, made with AI"/>\
</rdf:RDF></x:xmpmeta>`;
const HEADER = 33; // bytes of a PNG's signature and of its first chunk

/** Return a PNG with the XMP of the picture that it was drawn from (XMP part 3, 1.1.5). */
export async function copyMark(png: Blob, picture: Blob): Promise<Blob> {
  const data = await picture.arrayBuffer();
  const text = new TextDecoder("latin1").decode(data); // a character for each byte
  const own = findPacket(text);
  const body = await new Blob([
    "iTXtXML:com.adobe.xmp\0\0\0\0\0",
    own ? data.slice(...own) : DEFAULT_PACKET,
  ]).arrayBuffer();
  const chunk = [bigEndian(body.byteLength - 4), body, bigEndian(crc32(new Uint8Array(body)))];
  return new Blob([png.slice(0, HEADER), ...chunk, png.slice(HEADER)], { type: png.type });
}

/**
 * Return where the packet that names the source type begins and ends.
 *
 * One expression for a whole packet would read all that follows for each that never ends.
 */
function findPacket(text: string): [number, number] | undefined {
  let begin = -1;
  for (const { 0: mark, 1: kind, index } of text.matchAll(PACKET_MARK)) {
    if (kind !== "begin") {
      const end = index + mark.length;
      if (begin >= 0 && text.slice(begin, end).includes(SOURCE_TYPE)) return [begin, end];
      begin = -1;
    } else if (begin < 0) begin = index;
  }
}

function bigEndian(value: number): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value);
  return bytes.buffer;
}

/** Return the check sum of a PNG's chunk (PNG, annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320);
  }
  return ~crc;
}
