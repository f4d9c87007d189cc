"""What all formats are read into."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from .foreign import reads_as_something_else


class BrokenError(Exception):
    """The file ends too soon or contradicts itself."""


class AnimatedError(Exception):
    """The file holds a moving picture."""


@dataclass(frozen=True)
class Container:
    """A file, taken apart.

    Attributes:
        size: Width and height in pixels, before rotation.
        kept: The picture itself; joined, a file of the same format.
        dropped: What the camera or others noted in it, and bytes that no reader looks at.
        trailing: What follows the picture's end.
    """

    size: tuple[int, int]
    kept: Sequence[bytes]
    dropped: Sequence[bytes] = ()
    trailing: bytes = b""

    @functools.cached_property
    def cleaned(self) -> bytes:
        """The file without its notes."""
        return b"".join(self.kept)

    @property
    def is_something_else_too(self) -> bool:
        """Whether the file also reads as a page, a script, a PDF or an archive."""
        return any(map(reads_as_something_else, (*self.dropped, self.trailing, self.cleaned)))


def sane(size: tuple[int, int] | None) -> tuple[int, int]:
    """Return a size that a picture can have.

    Raises:
        BrokenError: It has none.
    """
    if size is None or 0 in size:
        raise BrokenError
    return size
