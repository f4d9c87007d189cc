"""What all formats are read into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


class BrokenError(Exception):
    """The file ends too soon or contradicts itself."""


class AnimatedError(Exception):
    """The file holds a moving picture."""


# Files of countless tiny parts would cost time instead of memory; no camera or program makes them.
MAX_PARTS = 20_000


# What makes a file open as something else: a page, a program, a document.
_FOREIGN = re.compile(rb"<script|<html|<!doctype|<\?php|%PDF-", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"


@dataclass(frozen=True)
class Container:
    """A file, taken apart.

    Attributes:
        size: Width and height in pixels, before rotation.
        kept: The picture itself; joined, a file of the same format.
        dropped: What the camera or others noted in it.
        trailing: What follows the picture's end.
    """

    size: tuple[int, int]
    kept: Sequence[bytes]
    dropped: Sequence[bytes] = ()
    trailing: bytes = b""

    @property
    def is_something_else_too(self) -> bool:
        """Whether the file also reads as a page, a script, a PDF or an archive."""
        hidden = (*self.dropped, self.trailing)
        return _ZIP_END in self.trailing or any(_FOREIGN.search(part) for part in hidden)


def bounded(count: int, most: int = MAX_PARTS) -> None:
    """Stop at a file of countless parts.

    Raises:
        BrokenError: It has more than any photo.
    """
    if count > most:
        raise BrokenError


def sane(size: tuple[int, int] | None) -> tuple[int, int]:
    """Give a size that a picture can have.

    Raises:
        BrokenError: It has none.
    """
    if size is None or 0 in size:
        raise BrokenError
    return size
