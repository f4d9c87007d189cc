"""Checks and cleans photos by their bytes alone; what the browser claims is ignored."""

from __future__ import annotations

from dataclasses import dataclass, field

from .formats.container import AnimatedError, BrokenError, Container

MAX_PIXELS = 50_000_000


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
    from .formats.detection import find_format  # imports every format, which only uploads need

    return find_format(data) is not None


def _open(data: bytes) -> tuple[str, Container]:
    from .formats.detection import open_container  # as above

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
