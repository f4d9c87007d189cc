"""JPEG (ITU T.81, Annex B)."""

from __future__ import annotations

import re
import struct

from .container import BrokenError, Container, bounded, sane
from .exif import UPRIGHT, read_orientation, write_orientation

START = b"\xff\xd8"
END = b"\xff\xd9"
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_END_MARKER = 0xD9
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_JFIF_BODY, _ADOBE_BODY = 14, 12  # bytes (JFIF 1.02; Adobe TN 5116)
# What draws the picture (Table B.1): frames, Huffman and arithmetic tables, quantisation, restarts.
_DRAWS = set(range(0xC0, 0xD0)) | {0xDA, 0xDB, 0xDC, 0xDD}
# Within a scan, 0xFF00 is a plain 0xFF and 0xFFD0 to 0xFFD7 are restarts.
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def read_jpeg(data: bytes) -> Container:
    """Take a JPEG apart, up to the end of the picture: cameras append films to it.

    Raises:
        BrokenError: It is not whole.
    """
    kept = [START]
    dropped: list[bytes] = []
    size: tuple[int, int] | None = None
    orientation = UPRIGHT
    position = 2
    scans = 0
    while (marker := _marker(data, position)) != _END_MARKER:
        bounded(len(kept) + len(dropped))
        end = _segment_end(data, position)
        segment = data[position:end]
        body = segment[4:]
        if marker in _FRAMES:
            if size is not None:
                raise BrokenError
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            orientation = read_orientation(body)
        (kept if _belongs(marker, body) else dropped).append(_bare(marker, segment))
        position = end
        if marker == _SCAN:
            scans += 1
            position = _scan_end(data, end)
            kept.append(data[end:position])
    if not scans:
        raise BrokenError
    if orientation != UPRIGHT:
        kept.insert(2 if kept[1][:2] == b"\xff\xe0" else 1, _orientation_segment(orientation))
    return Container(sane(size), [*kept, END], dropped, data[position + 2 :])


def _marker(data: bytes, position: int) -> int:
    if data[position] != 0xFF:
        raise BrokenError
    return data[position + 1]


def _segment_end(data: bytes, position: int) -> int:
    (length,) = struct.unpack_from(">H", data, position + 2)
    end = position + 2 + length
    if length < 2 or end > len(data):
        raise BrokenError
    return int(end)


def _scan_end(data: bytes, start: int) -> int:
    found = _AFTER_SCAN.search(data, start)
    if found is None:
        raise BrokenError
    return found.start()


def _belongs(marker: int, body: bytes) -> bool:
    """Say whether a segment is needed to show the picture with its colours."""
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\0")
    if marker == _APP0:
        return body.startswith(b"JFIF\0") and len(body) >= _JFIF_BODY
    if marker == _APP14:
        return body.startswith(b"Adobe") and len(body) >= _ADOBE_BODY
    return marker in _DRAWS


def _bare(marker: int, segment: bytes) -> bytes:
    """Give a segment without what else it carries: JFIF's small picture, what follows Adobe's."""
    if marker == _APP0 and segment[4:].startswith(b"JFIF\0"):
        return b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0"
    if marker == _APP14 and segment[4:].startswith(b"Adobe"):
        return b"\xff\xee\0\x0e" + segment[4 : 4 + _ADOBE_BODY]
    return segment


def _orientation_segment(orientation: int) -> bytes:
    body = b"Exif\0\0" + write_orientation(orientation)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
