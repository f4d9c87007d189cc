"""Looks at a photo's bytes, and at nothing that the browser says of them.

Only the container is walked: its type, its size in pixels and whether it is whole. Nothing is
decoded, so a picture that would unfold to gigabytes costs nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .formats import heic, jpeg, png, webp
from .formats.budget import Budget
from .formats.container import AnimatedError, BrokenError, Container

MAX_PIXELS = 50_000_000


class PhotoError(Exception):
    """A photo cannot be used.

    Attributes:
        code: ``no_photo``, ``not_a_photo``, ``animated_photo``, ``broken_photo`` or
            ``photo_too_many_pixels``; its sentence for the shopper is in ``languages``.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Photo:
    """A photo that passed the check.

    Attributes:
        data: The file's bytes.
        mimetype: ``image/jpeg``, ``image/png``, ``image/webp`` or ``image/heic``.
        width: In pixels, before rotation.
        height: In pixels, before rotation.
    """

    data: bytes = field(repr=False)
    mimetype: str
    width: int
    height: int


def check_photo(data: bytes) -> Photo:
    """Return the photo as it is, if it is a whole JPEG, PNG, WebP or HEIC of a reasonable size.

    Raises:
        PhotoError: It is not.
    """
    mimetype, container = _open(data)
    return Photo(data, mimetype, *container.size)


def clean_photo(data: bytes) -> Photo:
    """Return a photo without what its camera noted: place, time, device, preview.

    Which way is up stays. Whatever follows the picture's end is left off, and a file that also
    reads as a page, a script, a PDF or an archive is refused.

    Raises:
        PhotoError: It cannot be used.
    """
    mimetype, container = _open(data)
    if container.is_something_else_too:
        raise PhotoError("not_a_photo")
    return Photo(container.cleaned, mimetype, *container.size)


def is_picture(data: bytes) -> bool:
    """Return whether bytes start like a picture of a kind that is known here."""
    return _kind(data) is not None


_Read = Callable[[bytes, Budget], Container]


def _open(data: bytes) -> tuple[str, Container]:
    if not data:
        raise PhotoError("no_photo")
    kind = _kind(data)
    if kind is None:
        raise PhotoError("not_a_photo")
    mimetype, read = kind
    try:
        container = read(data, Budget(len(data)))
    except AnimatedError:
        raise PhotoError("animated_photo") from None
    except (BrokenError, IndexError, struct.error):
        raise PhotoError("broken_photo") from None
    width, height = container.size
    if width * height > MAX_PIXELS:
        raise PhotoError("photo_too_many_pixels")
    return mimetype, container


def _kind(data: bytes) -> tuple[str, _Read] | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", jpeg.read_jpeg
    if data.startswith(png.START):
        return "image/png", png.read_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", webp.read_webp
    if data[4:8] == b"ftyp" and data[8:12] in heic.BRANDS | heic.SEQUENCES:
        return "image/heic", heic.read_heic
    return None
