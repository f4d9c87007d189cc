"""Rewrites a multipart form while it streams: drops reserved fields and adds the given ones.

Two readers of one malformed body may see two different forms. So Werkzeug takes the form apart, and
what it found is written as a new form, which Genvoris can only read in the way it was read here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping

from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from ....core.reserved_fields import is_reserved
from .allow_list import ProductFields, check_field_name, check_name

MAX_PARTS = 100
# Some readers would take a part apart that is a container itself, others would not.
_CONTENT_TYPE = re.compile(r"(?!multipart/|message/)[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
# It declares the character set of a form's names (HTML standard), but a rewritten form is UTF-8.
_CHARSET_FIELD = "_charset_"


def new_boundary() -> str:
    """Return a random boundary, which no part can contain on purpose."""
    return f"genvoris-{secrets.token_hex(16)}"


def rewrite_multipart(
    chunks: Iterable[bytes],
    boundary: bytes,
    output_boundary: str,
    fields: Mapping[str, str],
    buffer: int,
    product: ProductFields | None = None,
) -> Iterator[bytes]:
    """Yield the rewritten form in pieces.

    Args:
        chunks: The form as it arrives.
        boundary: Its boundary.
        output_boundary: The boundary to write.
        fields: The fields to add. Reserved fields of the original are dropped.
        buffer: How many bytes to hold at most; more than a chunk.
        product: Collects what the form says about a product.

    Raises:
        ValueError: The form is incomplete, or servers may read a name in it in different ways.
        RequestEntityTooLarge: It has too many parts, or a part's headers do not end.
    """
    delimiter = b"--" + output_boundary.encode()
    for name, value in fields.items():
        yield delimiter + part_headers(name, None, None) + value.encode() + b"\r\n"
    is_kept, recorder = False, _Recorder(None, "")
    for event in _events(chunks, boundary, buffer):
        if isinstance(event, Field | File):
            filename = event.filename if isinstance(event, File) else None
            is_kept = is_forwarded(event.name, filename)
            recorder = _Recorder(product if is_kept and filename is None else None, event.name)
            if is_kept:
                content_type = event.headers.get("Content-Type")
                yield delimiter + part_headers(event.name, filename, content_type)
        elif is_kept:
            yield event.data if event.more_data else event.data + b"\r\n"
            recorder.add(event)
    yield delimiter + b"--\r\n"


def is_forwarded(name: str | None, filename: str | None) -> bool:
    """Return whether a part of a form is forwarded.

    Raises:
        ValueError: Servers may read its name, or the name of its file, in different ways.
    """
    check_field_name(name or "")
    check_name(filename or "")
    return not is_reserved(name or "") and name != _CHARSET_FIELD


class _Recorder:
    """Joins the value of one field, and adds it to what the form says about a product."""

    def __init__(self, product: ProductFields | None, name: str) -> None:
        self._product = product if product is not None and product.knows(name) else None
        self._name = name
        self._value = b""

    def add(self, event: Data) -> None:
        if self._product is None:
            return
        self._value += event.data[: ProductFields.MAX_VALUE + 1 - len(self._value)]
        if not event.more_data:
            self._product.add(self._name, self._value.decode("utf-8", "replace"))


def part_headers(name: str, filename: str | None, content_type: str | None) -> bytes:
    """Return the headers of a part, escaped as by browsers (HTML standard, multipart/form-data)."""
    head = f'\r\nContent-Disposition: form-data; name="{_escape(name)}"'
    if filename is not None:
        head += f'; filename="{_escape(filename)}"'
    mimetype = (content_type or "").partition(";")[0].strip().lower()
    if _CONTENT_TYPE.fullmatch(mimetype):
        head += f"\r\nContent-Type: {mimetype}"
    return f"{head}\r\n\r\n".encode()


def _escape(text: str) -> str:
    return text.replace('"', "%22")


def _events(chunks: Iterable[bytes], boundary: bytes, buffer: int) -> Iterator[Field | File | Data]:
    """Yield each part's headers and then its data."""
    decoder = MultipartDecoder(boundary, max_form_memory_size=buffer, max_parts=MAX_PARTS)
    for chunk in _hold_line_ends(chunks, len(boundary) + 8):
        decoder.receive_data(chunk)
        yield from _decoded(decoder)
    decoder.receive_data(None)
    yield from _decoded(decoder)


def _hold_line_ends(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Yield the same bytes in chunks of which none ends within a boundary.

    If a chunk ends after the first dash of a boundary, Werkzeug 3.1 takes the CR before it for
    data.
    """
    held = b""
    for chunk in chunks:
        data = held + chunk
        cut = data.rfind(b"\r", max(0, len(data) - longest))
        cut = len(data) if cut < 0 else cut
        held = data[cut:]
        yield data[:cut]
    yield held


def _decoded(decoder: MultipartDecoder) -> Iterator[Field | File | Data]:
    while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
        if isinstance(event, Field | File | Data):
            yield event
