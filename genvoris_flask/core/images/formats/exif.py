"""The one thing in EXIF that belongs to the picture: which way is up (EXIF 2.32, 4.6.4 A)."""

from __future__ import annotations

import struct

UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3
_PREFIX = b"Exif\0\0"
MAX_ENTRIES = 512  # cameras write about 15 into the first directory


def read_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8; 1 when it is missing or cannot be read.

    As in browsers, a value of another type than SHORT is none.
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
    """Return an EXIF block (a TIFF file) that says this and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
