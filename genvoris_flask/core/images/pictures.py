"""Finished try-ons, wherever they were made."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import MalformedAnswerError
from .photos import PhotoError, check_photo

SERVABLE = ("image/jpeg", "image/png", "image/webp")
MAX_PICTURE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Quota:
    """Where the shopper stands after a try-on."""

    used: int
    limit: int
    remaining: int


@dataclass(frozen=True)
class Picture:
    """A finished try-on: a JPEG, PNG or WebP.

    Attributes:
        data: The file's bytes. Its type is read from them.
        mimetype: Its type; what is given here is not believed.
        quota: Where the shopper stands, where known.
    """

    data: bytes = field(repr=False)
    mimetype: str = ""
    quota: Quota | None = None


def read_picture(data: bytes, quota: Quota | None = None) -> Picture:
    """Give a picture that browsers show.

    Raises:
        MalformedAnswerError: It is none, or larger than 16 MiB.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise MalformedAnswerError("The picture of a try-on is larger than 16 MiB.")
    try:
        mimetype = check_photo(data).mimetype
    except PhotoError:
        raise MalformedAnswerError("The picture of a try-on is damaged or no picture.") from None
    if mimetype not in SERVABLE:
        raise MalformedAnswerError(f"The picture of a try-on is {mimetype}: few browsers show it.")
    return Picture(data, mimetype, quota)
