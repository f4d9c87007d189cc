"""Bodies that are forwarded: bounded in size and time, rewritten, and in chunks.

The response to a try-on is received to its end, so that it is counted before any of it is sent on.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ....core.api.http import StreamedResponse
from ....core.reserved_fields import is_reserved
from ....errors import MalformedAnswerError
from ...errors import HttpError
from ...transfers import FIELDS_BYTES, bounded_upload
from .allow_list import ProductFields, read_urlencoded, write_urlencoded
from .json_rewriter import rewrite_json
from .multipart import is_forwarded, new_boundary, part_headers, rewrite_multipart

CHUNK = 256 * 1024  # smaller chunks cost much time, larger ones only memory
BUFFER = 2 * CHUNK
MAX_URLENCODED = 64 * 1024
_CHARSETS = ("utf-8", "utf8", "us-ascii")

ProductCheck = Callable[[ProductFields], None]
MEMORY_BYTES = 4 * 1024 * 1024  # what is larger is on disk
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Body:
    """What is sent to Genvoris.

    Attributes:
        content_type: Its type.
        content: The whole body if it fits into one chunk, else an iterator of chunks.
    """

    content_type: str
    content: bytes | Iterator[bytes]


def read_body(
    request: Request,
    fields: Mapping[str, str],
    max_photo_bytes: int,
    seconds: float,
    check_product: ProductCheck | None = None,
) -> Body:
    """Return the body of a request without its reserved fields, and with the given ones.

    Args:
        request: The request.
        fields: The fields to add.
        max_photo_bytes: The largest photo to accept; as base64 it may take a third more.
        seconds: How long the body may take to arrive.
        check_product: Called with the fields about the product before the last chunk is sent, so
            that Genvoris never gets the whole body of a request that it refuses.

    Raises:
        HttpError: 400, 408 or 413, or what ``check_product`` raises. Iterating over ``content``
            may raise the same.
    """
    request.max_content_length = max_photo_bytes * 4 // 3 + FIELDS_BYTES
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpError("invalid_body")  # it could decompress to any size
    if request.mimetype_params.get("charset", "utf-8").lower() not in _CHARSETS:
        raise HttpError("invalid_body")  # Genvoris could decode it differently
    product = ProductFields() if check_product else None
    content_type, pieces = _rewrite(request, fields, product)
    if check_product and product:
        pieces = _before_the_last(pieces, functools.partial(check_product, product))
    chunks = _with_http_errors(_in_chunks(pieces), request, seconds)
    first = next(chunks, b"")
    return Body(content_type, first if len(first) < CHUNK else itertools.chain([first], chunks))


def _rewrite(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> tuple[str, Iterator[bytes]]:
    """Return the new content type, and the rewritten body in pieces."""
    mimetype = request.mimetype
    if mimetype == "multipart/form-data":
        return _multipart(request, fields, product)
    if mimetype in ("application/json", "text/plain"):
        return "application/json", rewrite_json(_received(request), fields, product)
    if mimetype == "application/x-www-form-urlencoded":
        return mimetype, _urlencoded(request, fields, product)
    raise HttpError("invalid_body")


def _multipart(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> tuple[str, Iterator[bytes]]:
    boundary, new = request.mimetype_params.get("boundary", ""), new_boundary()
    content_type = f"multipart/form-data; boundary={new}"
    if _is_parsed(request):
        return content_type, _parsed_multipart(request, new, fields, product)
    if not boundary.isascii() or not 1 <= len(boundary) <= 200:
        raise HttpError("invalid_body")
    chunks = _received(request)
    return content_type, rewrite_multipart(chunks, boundary.encode(), new, fields, BUFFER, product)


def _urlencoded(
    request: Request, fields: Mapping[str, str], product: ProductFields | None
) -> Iterator[bytes]:
    if _is_parsed(request):
        pairs = list(request.form.items(multi=True))
    else:
        body = b"".join(_up_to(MAX_URLENCODED, _received(request)))
        pairs = read_urlencoded(body.decode("ascii"))
    _record(pairs, product)
    yield write_urlencoded(fields, pairs).encode()


def _is_parsed(request: Request) -> bool:
    """Return whether a hook of the shop has read the form already."""
    return "form" in vars(request)  # where a cached property keeps its value


def _parsed_multipart(
    request: Request, boundary: str, fields: Mapping[str, str], product: ProductFields | None
) -> Iterator[bytes]:
    """Write a form that Flask has parsed."""
    delimiter = f"--{boundary}".encode()
    kept = [pair for pair in request.form.items(multi=True) if is_forwarded(pair[0], None)]
    _record(kept, product)
    for name, value in [*fields.items(), *kept]:
        yield delimiter + part_headers(name, None, None) + value.encode() + b"\r\n"
    for name, file in request.files.items(multi=True):
        if is_forwarded(name, file.filename):
            yield delimiter + part_headers(name, file.filename or "", file.content_type)
            while chunk := file.stream.read(CHUNK):
                yield chunk
            file.close()
            yield b"\r\n"
    yield delimiter + b"--\r\n"


def _record(pairs: Iterable[tuple[str, str]], product: ProductFields | None) -> None:
    for name, value in pairs:
        if product is not None and not is_reserved(name):
            product.add(name, value)


def _received(request: Request) -> Iterator[bytes]:
    """Yield the body as it arrives.

    Raises:
        ClientDisconnected: The browser closed the connection before its end.
    """
    length = 0
    while chunk := request.stream.read(CHUNK):
        length += len(chunk)
        yield chunk
    if not length and (body := request.get_data()):  # a hook of the shop has read it already
        length = len(body)
        yield body
    if length < (request.content_length or 0):
        # Behind some servers Werkzeug takes the end of a connection for the end of the body.
        raise ClientDisconnected


def _before_the_last(pieces: Iterable[bytes], call: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces, and call a function before the last of them."""
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held
        held = piece
    call()
    yield held or b""


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces. All chunks but the last have at least ``CHUNK`` bytes."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _up_to(limit: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise RequestEntityTooLarge
        yield chunk


def _with_http_errors(chunks: Iterator[bytes], request: Request, seconds: float) -> Iterator[bytes]:
    """Yield the chunks within a time limit, and raise what is wrong with them as ``HttpError``."""
    try:
        with bounded_upload(request.environ, seconds):
            yield from chunks
    except RequestEntityTooLarge:
        raise HttpError("body_too_large") from None
    except ValueError:
        raise HttpError("invalid_body") from None


@dataclass(frozen=True)
class Received:
    """A response that is here in whole.

    Attributes:
        status: Its status.
        headers: Its headers.
        pieces: Its body.
        size: The length of its body.
        credits_left: How many credits the shop has left, if it says so.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]
    size: int
    credits_left: int | None = None


def receive(answer: StreamedResponse) -> Received:
    """Return a whole response, decoded.

    Raises:
        MalformedAnswerError: It is empty or too large.
        UnreachableError: It broke off.
    """
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115  (closed when it is read)
    credits_left = CreditsReader()
    try:
        size = _fill(file, credits_left.watch(answer.iter_decoded()))
    except BaseException:
        file.close()
        raise
    headers = {name: value for name, value in answer.headers.items() if not _is_coding(name)}
    headers["content-length"] = str(size)
    kinds = (value for name, value in headers.items() if name.lower() == "content-type")
    # A picture may have in it what a browser wrote into the photo.
    found = None if next(kinds, "").lower().startswith("image/") else credits_left.found
    return Received(answer.status, headers, _read(file), size, found)


class CreditsReader:
    """Finds in an answer how many credits the shop has left, without parsing its pictures.

    Attributes:
        found: The number; None if there is none.
    """

    _FIELD = re.compile(rb'"remaining_?credits"\s{0,9}:\s{0,9}(\d{1,12})[\s,}]', re.IGNORECASE)
    _LONGEST = 64  # bytes of the field, with its name

    def __init__(self) -> None:
        self.found: int | None = None

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces of an answer as they are."""
        end = b""
        for piece in pieces:
            if field := self._FIELD.search(end + piece):
                self.found = int(field[1])
            end = (end + piece)[-self._LONGEST :]
            yield piece


def _is_coding(name: str) -> bool:
    return name.lower() in ("content-encoding", "content-length")


def _fill(file: SpooledTemporaryFile[bytes], pieces: Iterable[bytes]) -> int:
    for piece in pieces:
        file.write(piece)
        if file.tell() > MAX_BYTES:
            raise MalformedAnswerError("Genvoris answered a try-on with too much.")
    if not file.tell():
        raise MalformedAnswerError("Genvoris answered a try-on with nothing.")
    size = file.tell()
    file.seek(0)
    return size


def _read(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK):
            yield piece
