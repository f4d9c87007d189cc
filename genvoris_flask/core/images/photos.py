"""Judges photos of shoppers and pictures from engines by their bytes alone.

What the browser or the engine claims about a file is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import MalformedAnswerError
from .container import AnimatedError, BrokenError, Container

MAX_PIXELS = 50_000_000
MAX_PICTURE_BYTES = 16 * 1024 * 1024
SERVABLE = ("image/jpeg", "image/png", "image/webp")


class PhotoError(Exception):
    """A photo cannot be used.

    Attributes:
        code: ``no_photo``, ``not_a_photo``, ``animated_photo``, ``broken_photo`` or
            ``photo_too_many_pixels``. The shopper's message for it is in ``core.locales``.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Photo:
    """A photo that may be tried on.

    Attributes:
        data: The file's bytes.
        mimetype: ``image/jpeg``, ``image/png``, ``image/webp`` or ``image/heic``.
        width: Its width in pixels, before rotation.
        height: Its height in pixels, before rotation.
    """

    data: bytes = field(repr=False)
    mimetype: str
    width: int
    height: int


def check_photo(data: bytes) -> Photo:
    """Return a photo unchanged.

    Raises:
        PhotoError: It is not a complete JPEG, PNG, WebP or HEIC file of at most 50 megapixels.
    """
    mimetype, container = _open(data)
    return Photo(data, mimetype, *container.size)


def clean_photo(data: bytes) -> Photo:
    """Return a photo without the metadata of its camera: place, time, device and thumbnail.

    The orientation stays. Whatever follows the end of the picture is removed.

    Raises:
        PhotoError: As for `check_photo`, or the file is also a web page, a script, a PDF or an
            archive.
    """
    mimetype, container = _open(data)
    if container.is_polyglot:
        raise PhotoError("not_a_photo")
    return Photo(container.cleaned, mimetype, *container.size)


def is_picture(data: bytes) -> bool:
    """Return whether bytes start like a JPEG, PNG, WebP or HEIC file."""
    from .formats import find_format  # imports every format, which only uploads need

    return find_format(data) is not None


@dataclass(frozen=True)
class Quota:
    """The shopper's quota after a try-on."""

    used: int
    limit: int
    remaining: int


@dataclass(frozen=True)
class Picture:
    """A finished try-on: a JPEG, PNG or WebP.

    Attributes:
        data: The file's bytes.
        mimetype: Its type, which is always detected from the bytes.
        quota: The shopper's quota after the try-on, if known.
    """

    data: bytes = field(repr=False)
    mimetype: str = ""
    quota: Quota | None = None


def read_picture(data: bytes, quota: Quota | None = None) -> Picture:
    """Return a picture that every browser can show.

    Raises:
        MalformedAnswerError: It is not a complete JPEG, PNG or WebP file of at most 16 MiB.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise MalformedAnswerError("The try-on's picture is larger than 16 MiB.")
    try:
        mimetype = check_photo(data).mimetype
    except PhotoError:
        raise MalformedAnswerError("The try-on's picture is damaged or not a picture.") from None
    if mimetype not in SERVABLE:
        raise MalformedAnswerError(f"The try-on's picture is {mimetype}: few browsers show it.")
    return Picture(data, mimetype, quota)


def _open(data: bytes) -> tuple[str, Container]:
    from .formats import open_container  # as above

    if not data:
        raise PhotoError("no_photo")
    try:
        found = open_container(data)
    except AnimatedError:
        raise PhotoError("animated_photo") from None
    except BrokenError:
        raise PhotoError("broken_photo") from None
    if found is None:
        raise PhotoError("not_a_photo")
    width, height = found[1].size
    if width * height > MAX_PIXELS:
        raise PhotoError("photo_too_many_pixels")
    return found
