"""What every format is read into, and the bounds that every reader keeps."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from .polyglots import is_polyglot

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
        self.limit = BASE + PER_BYTE * length
        self.spent = 0

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
