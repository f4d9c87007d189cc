"""The result of a try-on, from whichever engine it came."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import MalformedAnswerError
from .photos import PhotoError, check_photo

SERVABLE = ("image/jpeg", "image/png", "image/webp")
MAX_PICTURE_BYTES = 16 * 1024 * 1024


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
