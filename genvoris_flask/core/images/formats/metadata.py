"""The metadata that a picture cannot do without: its orientation and its colour profile."""

from __future__ import annotations

import struct

UPRIGHT = 1
_ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4 A
_SHORT = 3
_PREFIX = b"Exif\0\0"
MAX_ENTRIES = 512  # cameras write about 15 into the first directory
_PROFILE_SIGNATURE = b"acsp"
_PROFILE_HEADER = 128


def read_orientation(exif: bytes) -> int:
    """Return the orientation of an EXIF block, 1 to 8; 1 if it is missing or unreadable.

    Like browsers, ignore a value of another type than SHORT.
    """
    tiff = exif.removeprefix(_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, MAX_ENTRIES)):
            entry = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if entry[:2] == (_ORIENTATION, _SHORT):
                return entry[3] if 1 <= entry[3] <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def write_orientation(orientation: int) -> bytes:
    """Return an EXIF block (a TIFF file) that holds an orientation and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)


def is_profile(data: bytes) -> bool:
    """Return whether ``data`` is a whole colour profile (ICC.1:2022, 7.2)."""
    if len(data) < _PROFILE_HEADER or data[36:40] != _PROFILE_SIGNATURE:
        return False
    (length,) = struct.unpack_from(">I", data)
    return _PROFILE_HEADER <= int(length) <= len(data)
