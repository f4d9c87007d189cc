"""Puts XMP into JPEG, PNG and WebP files without touching anything else that is in them.

Each format has a function that takes a whole, valid file apart, as `photos.read_picture` has
found it to be, and returns an `Opened` file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ADOBE_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_XMP = b"XML:com.adobe.xmp"
_MAX_TEXT = 1024 * 1024
_SOI, _SOS, _APP0, _APP1, _APP11 = 0xD8, 0xDA, 0xE0, 0xE1, 0xEB
_MAX_SEGMENT = 0xFFFF - 2
_VP8X_XMP, _VP8X_ALPHA = 0x04, 0x10


@dataclass(frozen=True)
class Opened:
    """A picture file, taken apart around its XMP.

    Attributes:
        xmp: Its XMP packet, if it has one.
        manifest: Its C2PA manifest (a JUMBF box), if it has one.
        join: Returns the file with another packet. Raises ValueError if that is too long.
        blocks: The manifest as it stands in the file.
        insert: Returns the file with such blocks of another one.
    """

    xmp: bytes | None
    manifest: bytes | None
    join: Callable[[bytes], bytes]
    blocks: bytes
    insert: Callable[[bytes], bytes]


def open_picture(data: bytes, mimetype: str) -> Opened:
    """Return a picture, taken apart.

    Args:
        data: The file.
        mimetype: ``image/jpeg``, ``image/png`` or ``image/webp``.
    """
    return _OPENERS[mimetype](data)


def copy_metadata(source: bytes, target: bytes, mimetype: str) -> bytes:
    """Return a picture with the XMP and the C2PA manifest of another one of its format."""
    old = open_picture(source, mimetype)
    if old.blocks:
        target = open_picture(target, mimetype).insert(old.blocks)
    return open_picture(target, mimetype).join(old.xmp) if old.xmp else target


def _open_jpeg(data: bytes) -> Opened:
    """Take the segments before the first scan apart (JPEG XMP: ISO 16684-3, C2PA: APP11)."""
    xmp: bytes | None = None
    boxes = blocks = b""
    cut = (2, 2)  # the XMP's segment, or where it belongs: after JFIF and EXIF
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker == _APP1 and body.startswith(_ADOBE_XMP) and xmp is None:
            xmp, cut = body[len(_ADOBE_XMP) :], (start, end)
        elif marker in (_APP0, _APP1) and xmp is None and cut[1] == start:
            cut = (end, end)
        elif marker == _APP11 and body.startswith(b"JP"):
            # Common identifier, instance and number; every segment repeats the box's own header.
            boxes += body[8:] if not boxes else body[16:]
            blocks += data[start:end]

    def join(packet: bytes) -> bytes:
        body = _ADOBE_XMP + packet
        if len(body) > _MAX_SEGMENT:
            raise ValueError("The packet does not fit into a segment of JPEG.")
        segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
        return data[: cut[0]] + segment + data[cut[1] :]

    def insert(segments: bytes) -> bytes:
        return data[: cut[1]] + segments + data[cut[1] :]

    return Opened(xmp, boxes or None, join, blocks, insert)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before the first scan."""
    position = 2
    while True:
        position = data.index(b"\xff", position)
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= _SOI:
            position += 2
        elif marker == _SOS:
            return
        else:
            end = position + 2 + int(struct.unpack_from(">H", data, position + 2)[0])
            yield marker, position, end
            position = end


def _open_png(data: bytes) -> Opened:
    """Take the chunks apart (PNG 11.3.3.4: iTXt; C2PA: caBX)."""
    xmp = manifest = None
    blocks = b""
    cut: tuple[int, int] | None = None
    position, name = len(_PNG_START), b""
    after_header = position
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        end = position + 12 + length
        if name == b"IHDR":
            after_header = end
        elif name == b"caBX":
            manifest, blocks = body, data[position:end]
        elif name == b"iTXt" and body.startswith(_PNG_XMP + b"\0") and cut is None:
            xmp, cut = _png_text(body), (position, end)
        position = end
    start, stop = cut or (after_header, after_header)

    def join(packet: bytes) -> bytes:
        body = b"iTXt" + _PNG_XMP + bytes(5) + packet
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return data[:start] + chunk + data[stop:]

    def insert(chunk: bytes) -> bytes:
        return data[:after_header] + chunk + data[after_header:]

    return Opened(xmp, manifest, join, blocks, insert)


def _png_text(body: bytes) -> bytes | None:
    """Return the text of an iTXt chunk; None if it is damaged, or too long to be a packet."""
    flags = len(_PNG_XMP) + 1
    text = body[flags + 2 :].split(b"\0", 2)[-1]
    if not body[flags]:
        return text
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(text, _MAX_TEXT)
    except zlib.error:
        return None
    return text if decompressor.eof else None


def _open_webp(data: bytes) -> Opened:
    """Take the chunks apart (RFC 9649, 2.7; C2PA: a chunk of that name)."""
    chunks: list[tuple[bytes, bytes]] = []
    (length,) = struct.unpack_from("<I", data, 4)
    position = 12
    while position < 8 + length:
        name, size = struct.unpack_from("<4sI", data, position)
        chunks.append((name, data[position + 8 : position + 8 + size]))
        position += 8 + size + size % 2
    trailing = data[position:]
    known = dict(reversed(chunks))  # the first of several

    def join(packet: bytes) -> bytes:
        others = [chunk for chunk in chunks if chunk[0] not in (b"VP8X", b"XMP ")]
        place = next((i for i, (name, _) in enumerate(others) if name == b"C2PA"), len(others))
        others.insert(place, (b"XMP ", packet))
        header = known.get(b"VP8X") or _webp_header(chunks)
        others.insert(0, (b"VP8X", bytes([header[0] | _VP8X_XMP]) + header[1:]))
        return _webp_file(b"".join(_webp_chunk(*chunk) for chunk in others)) + trailing

    def insert(chunk: bytes) -> bytes:
        return _webp_file(data[12 : 8 + length] + chunk) + trailing

    manifest = known.get(b"C2PA")
    blocks = _webp_chunk(b"C2PA", manifest) if manifest else b""
    return Opened(known.get(b"XMP "), manifest, join, blocks, insert)


def _webp_file(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _webp_header(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return the header that the extended format has, of which a simple file has none."""
    name, body = next(chunk for chunk in chunks if chunk[0] in (b"VP8 ", b"VP8L"))
    flags = 0
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF  # both less one
        flags = _VP8X_ALPHA if bits >> 28 & 1 else 0
    else:
        width = (int.from_bytes(body[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(body[8:10], "little") & 0x3FFF) - 1
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _webp_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


_OPENERS = {"image/jpeg": _open_jpeg, "image/png": _open_png, "image/webp": _open_webp}
