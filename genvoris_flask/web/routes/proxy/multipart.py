"""Rewrites a multipart form while it streams: drops the fields that are ours, and puts them in.

It is taken apart by Werkzeug and written anew, so that what Genvoris reads is what was looked at
here: two readers of one odd body may see two different forms.
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
from .fields import check_field_name, check_name
from .product_fields import ProductFields

MAX_PARTS = 100
# One that is a container itself would be taken apart by some readers, and by others not.
_CONTENT_TYPE = re.compile(r"(?!multipart/|message/)[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
# It says in which character set a form's names are (HTML standard), and what leaves is in UTF-8.
_CHARSET_FIELD = "_charset_"


def new_boundary() -> str:
    """Return a boundary that no part can know of."""
    return f"genvoris-{secrets.token_hex(16)}"


def rewrite_multipart(
    chunks: Iterable[bytes],
    theirs: bytes,
    ours: str,
    fields: Mapping[str, str],
    buffer: int,
    product: ProductFields | None = None,
) -> Iterator[bytes]:
    """Yield the form anew, in pieces.

    Args:
        chunks: The form as it comes in.
        theirs: Its boundary.
        ours: The boundary to write.
        fields: What is put in; nothing of these names is let through.
        buffer: The most bytes to hold; more than a chunk.
        product: Is told what the form says of a product.

    Raises:
        ValueError: It is not a whole form, or servers may read a name in it in different ways.
        RequestEntityTooLarge: It has too many parts, or a part's headers do not end.
    """
    boundary = b"--" + ours.encode()
    for name, value in fields.items():
        yield boundary + write_head(name, None, None) + value.encode() + b"\r\n"
    keep, note = False, _Note(None, "")
    for event in _events(chunks, theirs, buffer):
        if isinstance(event, Field | File):
            filename = event.filename if isinstance(event, File) else None
            keep = passes(event.name, filename)
            note = _Note(product if keep and filename is None else None, event.name)
            if keep:
                yield boundary + write_head(event.name, filename, event.headers.get("Content-Type"))
        elif keep:
            yield event.data if event.more_data else event.data + b"\r\n"
            note.add(event)
    yield boundary + b"--\r\n"


def passes(name: str | None, filename: str | None) -> bool:
    """Return whether a part is passed on.

    Raises:
        ValueError: Servers may read its name, or its file's, in different ways.
    """
    check_field_name(name or "")
    check_name(filename or "")
    return not is_reserved(name or "") and name != _CHARSET_FIELD


class _Note:
    """Gathers the value of a field that says something of a product."""

    def __init__(self, product: ProductFields | None, name: str) -> None:
        self._product = product if product is not None and product.wants(name) else None
        self._name = name
        self._value = b""

    def add(self, event: Data) -> None:
        if self._product is None:
            return
        self._value += event.data[: ProductFields.LONGEST + 1 - len(self._value)]
        if not event.more_data:
            self._product.note(self._name, self._value.decode("utf-8", "replace"))


def write_head(name: str, filename: str | None, content_type: str | None) -> bytes:
    """Return a part's headers, escaped as browsers do (HTML standard, "multipart/form-data")."""
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
    decoder = MultipartDecoder(boundary, max_form_memory_size=buffer, max_parts=MAX_PARTS)
    for chunk in _uncut(chunks, len(boundary) + 8):
        decoder.receive_data(chunk)
        yield from _ready(decoder)
    decoder.receive_data(None)
    yield from _ready(decoder)


def _uncut(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Yield the chunks anew so that none ends within a boundary.

    Werkzeug 3.1 takes the CR before a boundary for data when a chunk ends after its first dash.
    """
    held = b""
    for chunk in chunks:
        data = held + chunk
        cut = data.rfind(b"\r", max(0, len(data) - longest))
        cut = len(data) if cut < 0 else cut
        held = data[cut:]
        yield data[:cut]
    yield held


def _ready(decoder: MultipartDecoder) -> Iterator[Field | File | Data]:
    while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
        if isinstance(event, Field | File | Data):
            yield event
