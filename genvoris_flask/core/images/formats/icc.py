"""Colour profiles (ICC.1:2022, 7.2)."""

from __future__ import annotations

import struct

_SIGNATURE = b"acsp"
_HEADER = 128


def is_profile(data: bytes) -> bool:
    """Return whether ``data`` is a whole profile; what is none changes no colour."""
    if len(data) < _HEADER or data[36:40] != _SIGNATURE:
        return False
    (length,) = struct.unpack_from(">I", data)
    return _HEADER <= int(length) <= len(data)
