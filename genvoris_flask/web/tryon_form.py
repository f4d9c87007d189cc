"""Reads photos, which are cleaned, and the products to try on, from the bodies of requests."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from ..core.images.photos import Photo, PhotoError, clean_photo
from ..core.products import Product, read_product
from .errors import HttpError
from .hosts import is_own_host, shop_url
from .transfers import bounded_upload

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


@dataclass(frozen=True)
class TryOnForm:
    """What a shopper wants to try on.

    Attributes:
        photo: The shopper's photo, without metadata.
        product: The product, which has a picture.
        widget_session: The widget's id of this visit, if it sent one.
    """

    photo: Photo = field(repr=False)
    product: Product
    widget_session: str | None = None


def read_form(request: Request, max_photo_bytes: int, seconds: float) -> TryOnForm:
    """Read and check the form of ``POST tryons``.

    Args:
        request: The request, prepared by `keep_in_memory`.
        max_photo_bytes: The largest photo to accept.
        seconds: How long the form may take to arrive.

    Raises:
        HttpError: 400, 408 or 413, with an error code that says what is wrong.
    """
    data, fields = _parse(request, max_photo_bytes, seconds)
    photo = _checked(data, max_photo_bytes)
    return TryOnForm(photo, _product(request, fields), fields.get("session_id"))


def read_photo(request: Request, max_photo_bytes: int, seconds: float) -> Photo:
    """Read and check a photo that is the whole body of a request.

    Args:
        request: The request, whose ``max_content_length`` is above ``max_photo_bytes``.
        max_photo_bytes: The largest photo to accept.
        seconds: How long it may take to arrive.

    Raises:
        HttpError: 400, 408 or 413, with an error code that says what is wrong.
    """
    try:
        with bounded_upload(request.environ, seconds):
            data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(max_photo_bytes) from None
    return _checked(data, max_photo_bytes)


def _checked(data: bytes, max_photo_bytes: int) -> Photo:
    if len(data) > max_photo_bytes:
        raise _too_large(max_photo_bytes)
    try:
        return clean_photo(data)
    except PhotoError as error:
        raise HttpError(error.code) from None


def _parse(
    request: Request, max_photo_bytes: int, seconds: float
) -> tuple[bytes, MultiDict[str, str]]:
    """Return the photo's bytes, at most one more than allowed, and the other fields."""
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


def _product(request: Request, fields: MultiDict[str, str]) -> Product:
    images = fields.getlist("product_image")
    shop, is_own = shop_url(request), is_own_host(request)
    product = read_product(fields, images, shop, host_is_own=is_own)
    if product is None or product.image is None:
        if any(images):
            _warn_of_refused_image()
        raise HttpError("no_product")
    return product


@functools.cache  # once
def _warn_of_refused_image() -> None:
    log.warning(
        "A product picture's address was refused: it is neither on the public web nor on this "
        "shop's own host. Name that host in TRUSTED_HOSTS; behind a proxy, let it pass Host on and "
        "use werkzeug.middleware.proxy_fix.ProxyFix."
    )


def _too_large(max_photo_bytes: int) -> HttpError:
    megabytes = max_photo_bytes / (1024 * 1024)
    return HttpError(
        "photo_too_large", values={"megabytes": f"{megabytes:.3g}"}, max_bytes=max_photo_bytes
    )
