"""Reads the try-on's multipart form; the photo stays in memory, and within bounds."""

from __future__ import annotations

import functools
import io
import logging
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from ..core.images.photos import Photo, PhotoError, clean_photo
from ..core.products import Product, read_product
from .errors import HttpError
from .hosts import is_own_host, shop_url
from .uploads import bounded_upload

log = logging.getLogger("genvoris_flask.tryon")

# For everything beside the photo; Werkzeug also counts its reading buffer of 64 KiB as such.
FIELDS_BYTES = 256 * 1024
MAX_PARTS = 20


@dataclass(frozen=True)
class TryonForm:
    """What a shopper wants to try on, and on what photo."""

    photo: Photo = field(repr=False)
    product: Product
    widget_session: str | None = None


def read_form(request: Request, max_photo_bytes: int, seconds: float) -> TryonForm:
    """Read and check the form of ``POST tryons``, which has so many seconds to come in.

    Raises:
        HttpError: 400, 408 or 413, with what to do.
    """
    data, fields = _parse(request, max_photo_bytes, seconds)
    if len(data) > max_photo_bytes:
        raise _too_large(max_photo_bytes)
    try:
        photo = clean_photo(data)
    except PhotoError as error:
        raise HttpError(error.code) from None
    product = read_product(
        fields,
        fields.getlist("product_image"),
        shop_url(request),
        host_is_own=is_own_host(request),
    )
    if product is None or product.image is None:
        if fields.get("product_image"):
            _warn_of_picture()
        raise HttpError("no_product")
    return TryonForm(photo, product, fields.get("session_id"))


@functools.cache  # once
def _warn_of_picture() -> None:
    log.warning(
        "A product picture's address was refused: it is neither on the public web nor on this "
        "shop's own host. Name that host in TRUSTED_HOSTS; behind a proxy, let it pass Host on and "
        "use werkzeug.middleware.proxy_fix.ProxyFix."
    )


def keep_in_memory(request: Request, max_photo_bytes: int) -> None:
    """Bound a request's form, and keep Werkzeug from spooling a photo to a temporary file.

    It comes before anything that may read the form, such as an extension that looks for a token.
    """
    request.max_content_length = max_photo_bytes + FIELDS_BYTES
    request.max_form_memory_size = FIELDS_BYTES
    request.max_form_parts = MAX_PARTS
    # Werkzeug's own hook for where uploads go.
    request._get_file_stream = lambda *_args, **_kwargs: io.BytesIO()  # type: ignore[method-assign]  # noqa: SLF001


def _parse(
    request: Request, max_photo_bytes: int, seconds: float
) -> tuple[bytes, MultiDict[str, str]]:
    """Give the photo's bytes and the other fields."""
    if request.mimetype != "multipart/form-data":
        raise HttpError("invalid_body")
    try:
        with bounded_upload(request.environ, seconds):
            photo, fields = request.files.get("photo"), request.form
    except RequestEntityTooLarge:
        raise _too_large(max_photo_bytes) from None
    if photo is None:
        raise HttpError("no_photo")
    return photo.stream.read(max_photo_bytes + 1), fields


def _too_large(max_photo_bytes: int) -> HttpError:
    megabytes = max_photo_bytes / (1024 * 1024)
    return HttpError(
        "photo_too_large", values={"megabytes": f"{megabytes:.3g}"}, max_bytes=max_photo_bytes
    )
