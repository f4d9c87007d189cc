"""What the readers of all formats share.

A file is read into a `Container`, within a `Budget`. Of its metadata only the orientation and the
colour profile are kept. A file that also opens as a web page, a script, a PDF document or an
archive is a polyglot.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

# A part (box, segment, chunk or table entry) costs the interpreter more than its bytes do.
PART = 256
BASE = 64 * 1024
PER_BYTE = 8


class BrokenError(Exception):
    """The file is truncated, inconsistent, or costs more to read than its length justifies."""


class AnimatedError(Exception):
    """The file holds a moving picture."""


@dataclass(frozen=True)
class Container:
    """A photo file, taken apart.

    Attributes:
        size: Width and height in pixels, before rotation.
        kept: What draws the picture; joined, it is a file of the same format.
        dropped: Metadata, and bytes that no decoder reads.
        trailing: The bytes after the end of the picture.
    """

    size: tuple[int, int]
    kept: Sequence[bytes]
    dropped: Sequence[bytes] = ()
    trailing: bytes = b""

    @functools.cached_property
    def cleaned(self) -> bytes:
        """The file without its metadata."""
        return b"".join(self.kept)

    @property
    def is_polyglot(self) -> bool:
        """Whether the file is also a web page, a script, a PDF or an archive."""
        return any(map(is_polyglot, (*self.dropped, self.trailing, self.cleaned)))


class Budget:
    """Bounds the work of reading a file by its length alone, whatever the file claims.

    Readers call `spend` before they look at each part. Ordinary photos need less than half of
    their budget.

    Args:
        length: The file's length in bytes.

    Attributes:
        limit: What may be spent; it grows linearly with the length.
        spent: What has been spent so far.
    """

    def __init__(self, length: int) -> None:
        self.limit: int = BASE + PER_BYTE * length
        self.spent: int = 0

    def spend(self, size: int = 0) -> None:
        """Count one part of ``size`` bytes.

        Raises:
            BrokenError: The budget is exhausted.
        """
        self.spent += PART + size
        if self.spent > self.limit:
            raise BrokenError


def require_size(size: tuple[int, int] | None) -> tuple[int, int]:
    """Return the size of a picture.

    Raises:
        BrokenError: It is missing, or one side has no pixels.
    """
    if size is None or 0 in size:
        raise BrokenError
    return size


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


_TAGS = ("script", "html", "!doctype")
# Shorter names need text after them: "<svg" and a space do occur in pixels.
_SHORT_TAGS = ("svg", "img", "body", "iframe", "object", "embed")
_SPACE = rb"[\t-\r ]"


def _any_case(*words: str) -> bytes:
    """Return a pattern that matches any of the words in upper or lower case.

    With the IGNORECASE flag the search would be ten times slower, as it has no literal prefix.
    """
    spelled = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return b"(?:" + "|".join(spelled).encode() + b")"


_TAG = re.compile(
    rb"<(?:"
    + _any_case(*_TAGS)
    + rb"(?:[/>]|"
    + _SPACE
    + rb")|"
    + _any_case(*_SHORT_TAGS)
    + rb"(?:[/>]|"
    + _SPACE
    + rb")[\t-\r -~]{8}|\?"
    + _any_case("php")
    + _SPACE
    + rb")"
)
_PHP_INPUT = re.compile(rb"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)" + _SPACE + rb"*[\[{]")
_PDF = re.compile(rb"%PDF-[0-9]")
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_SINGLE_DISK = bytes(4)


def is_polyglot(data: bytes) -> bool:
    """Return whether ``data`` contains what other programs recognise their own files by."""
    return any(pattern.search(data) for pattern in (_TAG, _PHP_INPUT, _PDF)) or _is_zip(data)


def _is_zip(data: bytes) -> bool:
    """Return whether there is the end of an archive, and an entry that it could list."""
    if _ZIP_END not in data:
        return False
    return _ZIP_ENTRY in data or _ZIP_END + _SINGLE_DISK in data
