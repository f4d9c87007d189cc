"""A browser's body on its way to Genvoris: bounded, rewritten, in chunks."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ....core.reserved_fields import is_reserved
from ...errors import HttpError
from ...uploads import bounded_upload
from .fields import read_urlencoded, write_urlencoded
from .json_object import rewrite_json
from .multipart import new_boundary, passes, rewrite_multipart, write_head
from .product_fields import ProductFields

# Smaller chunks cost much time, larger ones only memory.
CHUNK = 256 * 1024
BUFFER = 2 * CHUNK
MAX_URLENCODED = 64 * 1024
FIELDS_BYTES = 256 * 1024  # for everything beside the photo
_CHARSETS = ("utf-8", "utf8", "us-ascii")


ProductRules = Callable[[ProductFields], None]


@dataclass(frozen=True)
class Body:
    """What is sent to Genvoris. One that fits into a chunk is whole, and was read to its end."""

    content_type: str
    content: bytes | Iterator[bytes]


def read_body(
    request: Request,
    fields: Mapping[str, str],
    max_photo_bytes: int,
    seconds: float,
    rules: ProductRules | None = None,
) -> Body:
    """Return the body without the fields that are ours, and with the given ones.

    Args:
        request: Whose body it is.
        fields: What is put in.
        max_photo_bytes: The largest photo; as base64 it may take a third more.
        seconds: How long the body may take to come in.
        rules: Asked about the product before the last of the body is passed on.

    Raises:
        HttpError: 400, 408 or 413, or what ``rules`` raise. The same may come out of
            ``content``.
    """
    request.max_content_length = max_photo_bytes * 4 // 3 + FIELDS_BYTES
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpError("invalid_body")  # it would have to be unfolded, to whatever size
    if request.mimetype_params.get("charset", "utf-8").lower() not in _CHARSETS:
        raise HttpError("invalid_body")  # it was written to be read otherwise than here
    product = ProductFields() if rules else None
    content_type, pieces = _rewrite(request, fields, product)
    if rules and product:
        pieces = _before_the_last(pieces, functools.partial(rules, product))
    chunks = _explain(_in_chunks(pieces), request, seconds)
    first = next(chunks, b"")
    return Body(content_type, first if len(first) < CHUNK else itertools.chain([first], chunks))


def _rewrite(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> tuple[str, Iterator[bytes]]:
    kind = request.mimetype
    if kind == "multipart/form-data":
        return _multipart(request, fields, product)
    if kind in ("application/json", "text/plain"):
        return "application/json", rewrite_json(_chunks(request), fields, product)
    if kind == "application/x-www-form-urlencoded":
        return kind, _urlencoded(request, fields, product)
    raise HttpError("invalid_body")


def _multipart(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> tuple[str, Iterator[bytes]]:
    theirs, ours = request.mimetype_params.get("boundary", ""), new_boundary()
    content_type = f"multipart/form-data; boundary={ours}"
    if "form" in vars(request):  # something before us has read it already
        return content_type, _from_read_form(request, ours, fields, product)
    if not theirs.isascii() or not 1 <= len(theirs) <= 200:
        raise HttpError("invalid_body")
    chunks = _chunks(request)
    return content_type, rewrite_multipart(chunks, theirs.encode(), ours, fields, BUFFER, product)


def _urlencoded(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> Iterator[bytes]:
    if "form" in vars(request):
        pairs = list(request.form.items(multi=True))
    else:
        body = b"".join(_up_to(MAX_URLENCODED, _chunks(request)))
        pairs = read_urlencoded(body.decode("ascii"))
    _note(pairs, product)
    yield write_urlencoded(fields, pairs).encode()


def _note(pairs: Iterable[tuple[str, str]], product: ProductFields | None) -> None:
    for name, value in pairs:
        if product is not None and not is_reserved(name):
            product.note(name, value)


def _before_the_last(pieces: Iterable[bytes], act: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces, and do something before the last of them."""
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held
        held = piece
    act()
    yield held or b""


def _chunks(request: Request) -> Iterator[bytes]:
    if "_cached_data" in vars(request):  # something before us has read it already
        yield request.get_data()
        return
    stream, received = request.stream, 0
    while chunk := stream.read(CHUNK):
        received += len(chunk)
        yield chunk
    if received < (request.content_length or 0):
        # Behind some servers Werkzeug takes the end of a connection for the end of the body.
        raise ClientDisconnected


def _from_read_form(
    request: Request, boundary: str, fields: Mapping[str, str], product: ProductFields | None
) -> Iterator[bytes]:
    """Write a form again that Flask has taken apart."""
    mark = f"--{boundary}".encode()
    kept = [pair for pair in request.form.items(multi=True) if passes(pair[0], None)]
    _note(kept, product)
    for name, value in [*fields.items(), *kept]:
        yield mark + write_head(name, None, None) + value.encode() + b"\r\n"
    for name, file in request.files.items(multi=True):
        if passes(name, file.filename):
            yield mark + write_head(name, file.filename or "", file.content_type)
            while chunk := file.stream.read(CHUNK):
                yield chunk
            file.close()
            yield b"\r\n"
    yield mark + b"--\r\n"


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join what is small; all but the last have at least ``CHUNK`` bytes."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _up_to(most: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise RequestEntityTooLarge
        yield chunk


def _explain(chunks: Iterator[bytes], request: Request, seconds: float) -> Iterator[bytes]:
    """Yield the chunks, and raise what is wrong with them in our own words."""
    try:
        with bounded_upload(request.environ, seconds):
            yield from chunks
    except RequestEntityTooLarge:
        raise HttpError("body_too_large") from None
    except ValueError:
        raise HttpError("invalid_body") from None
