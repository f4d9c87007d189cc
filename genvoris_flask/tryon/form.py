"""Reads the try-on's multipart form without writing the photo to disk."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from ..web.answers import AnswerError
from .photos import Photo, PhotoError, check_photo
from .product import Product, read_product

# For everything beside the photo; Werkzeug also counts its reading buffer of 64 KiB as such.
FIELDS_BYTES = 256 * 1024
MAX_PARTS = 20


@dataclass(frozen=True)
class TryonForm:
    """What a shopper wants to try on, and on what photo."""

    photo: Photo = field(repr=False)
    product: Product
    widget_session: str | None = None


def read_form(request: Request, max_photo_bytes: int) -> TryonForm:
    """Read and check the form of ``POST tryons``.

    Raises:
        AnswerError: 400 or 413, with what to do.
    """
    data, fields = _parse(request, max_photo_bytes)
    if len(data) > max_photo_bytes:
        raise _too_large(max_photo_bytes)
    try:
        photo = check_photo(data)
    except PhotoError as error:
        raise AnswerError(error.code) from None
    product = read_product(fields, request.host_url)
    if product is None or product.image is None:
        raise AnswerError("no_product")
    return TryonForm(photo, product, fields.get("session_id"))


def _parse(request: Request, max_photo_bytes: int) -> tuple[bytes, MultiDict[str, str]]:
    """Give the photo's bytes and the other fields.

    Werkzeug's own ``request.files`` would spool a photo to a temporary file.
    """
    request.max_content_length = max_photo_bytes + FIELDS_BYTES
    if request.mimetype != "multipart/form-data":
        raise AnswerError("invalid_body")
    parser = FormDataParser(
        stream_factory=lambda *_args, **_kwargs: io.BytesIO(),
        max_form_memory_size=FIELDS_BYTES,
        max_content_length=request.max_content_length,
        max_form_parts=MAX_PARTS,
    )
    fields: MultiDict[str, str]
    files: MultiDict[str, FileStorage]
    try:
        if "form" in request.__dict__:  # something before us has read it already
            fields, files = request.form, request.files
        else:
            _, fields, files = parser.parse(
                request.stream, request.mimetype, request.content_length, request.mimetype_params
            )
    except RequestEntityTooLarge:
        raise _too_large(max_photo_bytes) from None
    photo = files.get("photo")
    if photo is None:
        raise AnswerError("no_photo")
    return photo.stream.read(max_photo_bytes + 1), fields


def _too_large(max_photo_bytes: int) -> AnswerError:
    megabytes = max_photo_bytes / (1024 * 1024)
    return AnswerError(
        "photo_too_large", values={"megabytes": f"{megabytes:.3g}"}, max_bytes=max_photo_bytes
    )
