"""JPEG (ITU T.81, Annex B), read as leniently as by libjpeg."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from ..container import (
    UPRIGHT,
    BrokenError,
    Budget,
    Container,
    is_profile,
    read_orientation,
    require_size,
    write_orientation,
)
from .jpeg_scan import COUNTED, has_all_pixels

START = b"\xff\xd8"
END = b"\xff\xd9"
MAX_SCANS = 200  # encoders write about 10; decoders draw the whole picture for each
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DHT, _SOI, _EOI, _SOS, _DQT, _DNL, _DRI = 0xC4, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a segment
_JFIF, _EXIF, _ICC, _ADOBE = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
_JFIF_BODY, _ADOBE_BODY = 14, 12  # bytes (JFIF 1.02; Adobe TN 5116)
# Segments that draw the picture (Table B.1): frames, tables, quantisation and restarts.
_DRAWS = set(range(0xC0, 0xD0)) | {_SOS, _DQT, _DNL, _DRI}
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
# Within a scan, 0xFF00 is an escaped 0xFF, and 0xFFD0 to 0xFFD7 are restarts.
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


@dataclass
class _Picture:
    """What has been read so far."""

    kept: list[bytes] = field(default_factory=list)
    dropped: list[bytes] = field(default_factory=list)
    exif: bytes | None = None
    size: tuple[int, int] | None = None
    scans: int = 0
    has_ended: bool = False


def read_jpeg(data: bytes, budget: Budget) -> Container:
    """Take a JPEG file apart, up to the end of the picture: cameras append films to it.

    A missing end marker is restored if nothing else is missing.

    Raises:
        BrokenError: The file is damaged, or too expensive to read.
    """
    picture = _Picture()
    position = len(START)
    while not picture.has_ended:
        start = _skip_to_marker(data, position, picture, budget)
        position = _take(data, start, picture, budget)
    if not picture.scans:
        raise BrokenError
    size = require_size(picture.size)
    return Container(size, [START, *_write(picture), END], picture.dropped, data[position:])


def _skip_to_marker(data: bytes, position: int, picture: _Picture, budget: Budget) -> int:
    """Return the offset of the next marker, and drop fill bytes and anything else before it."""
    found = _MARKER.search(data, position)
    if found is None:
        raise BrokenError
    budget.spend(found.start() - position)
    if found.start() > position:
        picture.dropped.append(data[position : found.start()])
    return found.start()


def _take(data: bytes, start: int, picture: _Picture, budget: Budget) -> int:
    """Read a marker with its segment and scan, and return the offset of their end."""
    marker = data[start + 1]
    if marker == _EOI:
        picture.has_ended = True
    if marker == _EOI or marker in _STANDALONE:
        return start + 2
    end = _segment_end(data, start)
    budget.spend(2 * (end - start))
    _take_segment(marker, data[start:end], picture)
    return _take_scan(data, end, picture, budget) if marker == _SOS else end


def _segment_end(data: bytes, position: int) -> int:
    (length,) = struct.unpack_from(">H", data, position + 2)
    end = position + 2 + length
    if length < 2 or end > len(data):
        raise BrokenError
    return int(end)


def _take_segment(marker: int, segment: bytes, picture: _Picture) -> None:
    """Record what a segment says, and keep or drop it."""
    body = segment[4:]
    if marker in _FRAMES:
        if picture.size is not None:
            raise BrokenError
        height, width = struct.unpack_from(">HH", body, 1)
        picture.size = (width, height)
    if marker == _SOS:
        picture.scans += 1
    if marker == _SOI or picture.scans > MAX_SCANS:
        raise BrokenError
    if marker == _APP1 and body.startswith(_EXIF) and picture.exif is None:
        picture.exif = body  # browsers read the first of several
    if marker in _DRAWS and not _is_well_formed(marker, body):
        raise BrokenError
    (picture.kept if _is_needed(marker, body) else picture.dropped).append(_strip(marker, segment))


def _take_scan(data: bytes, start: int, picture: _Picture, budget: Budget) -> int:
    """Keep a scan's pixels, and return the offset of their end."""
    found = _AFTER_SCAN.search(data, start)
    end = found.start() if found else len(data)
    budget.spend(2 * (end - start))
    scan = data[start:end]
    if found is None:
        scan = scan.rstrip(b"\xff")  # the first half of the end marker
        budget.spend(4 * min(len(scan), COUNTED))
        if not has_all_pixels(picture.kept, scan):
            raise BrokenError
        picture.has_ended = True
    picture.kept.append(scan)
    return end


def _is_needed(marker: int, body: bytes) -> bool:
    """Return whether the picture needs a segment to be shown in its true colours."""
    if marker == _APP2:
        return body.startswith(_ICC)
    if marker == _APP0:
        return body.startswith(_JFIF) and len(body) >= _JFIF_BODY
    if marker == _APP14:
        return body.startswith(_ADOBE) and len(body) >= _ADOBE_BODY
    return marker in _DRAWS


def _strip(marker: int, segment: bytes) -> bytes:
    """Return a segment without JFIF's thumbnail, or without anything after Adobe's fields."""
    if marker == _APP0 and segment[4:].startswith(_JFIF):
        return b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0"
    if marker == _APP14 and segment[4:].startswith(_ADOBE):
        return b"\xff\xee\0\x0e" + segment[4 : 4 + _ADOBE_BODY]
    return segment


def _is_well_formed(marker: int, body: bytes) -> bool:
    """Return whether a segment is exactly as long as its content; decoders refuse others."""
    if marker in _FRAMES:
        return len(body) == 6 + 3 * body[5]
    if marker == _SOS:
        return len(body) == 4 + 2 * body[0]
    if marker in (_DNL, _DRI):
        return len(body) == 2
    position = 0
    while marker in (_DQT, _DHT) and position < len(body):
        if marker == _DQT:
            position += 129 if body[position] >> 4 else 65
        else:
            position += 17 + sum(body[position + 1 : position + 17])
    return position in (0, len(body))


def _write(picture: _Picture) -> list[bytes]:
    """Return the kept segments with the orientation, and without an invalid colour profile."""
    icc = [piece for piece in picture.kept if _is_icc(piece)]
    kept = picture.kept
    if icc and not is_profile(_join_profile(icc)):
        picture.dropped += icc
        kept = [piece for piece in kept if not _is_icc(piece)]
    orientation = UPRIGHT if picture.exif is None else read_orientation(picture.exif)
    if orientation == UPRIGHT:
        return kept
    body = _EXIF + write_orientation(orientation)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    head = 1 if kept[0].startswith(b"\xff\xe0") else 0
    return [*kept[:head], segment, *kept[head:]]


def _is_icc(piece: bytes) -> bool:
    return piece.startswith(b"\xff\xe2") and piece.startswith(_ICC, 4)


def _join_profile(segments: list[bytes]) -> bytes:
    """Return the profile that is split over segments, or nothing if a part is missing (B.4)."""
    bodies = [segment[4 + len(_ICC) :] for segment in segments]
    count = len(bodies)
    parts = {body[0]: body[2:] for body in bodies if len(body) > 2 and body[1] == count}
    if sorted(parts) != list(range(1, count + 1)):
        return b""
    return b"".join(parts[number] for number in sorted(parts))
