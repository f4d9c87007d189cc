"""Marks the pictures in the answer to a try-on, as those of the extension's own try-ons are.

What surrounds a picture is left as it is, byte for byte: the fields of an answer are Genvoris's and
its widget's own. A picture that an answer only names by its address is not in it, and the browser
fetches that from Genvoris.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import threading
from collections.abc import Iterator

from ....core.concurrency.per_process import PerProcess
from ....core.images.marking import PictureMark
from ....core.images.photos import is_picture, read_picture
from .body import Received

log: logging.Logger = logging.getLogger("genvoris_flask.passthrough")

MAX_MARKED_BYTES = 24 * 1024 * 1024  # as base64, the largest picture takes 22
# A string of base64 in JSON, in which some servers escape slashes and equals signs, or a data URL.
# Possessive, so that no state is kept for megabytes of it; short strings are not even found.
_ENCODED = re.compile(
    rb'"(?=[^"]{64})(data:image\\?/[a-z]{3,5};base64,)?'
    rb'((?:[A-Za-z0-9+/_-]++|\\/)++(?:=|\\u003d){0,2}+)"',
    re.IGNORECASE,
)
# An answer is in memory several times while it is marked.
_turns = PerProcess(lambda: threading.BoundedSemaphore(2))
_SHORTEST = 64  # no picture is smaller
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def mark_answer(answer: Received, mark: PictureMark) -> Received:
    """Return an answer in which each picture has the shop's mark.

    A picture that cannot be marked stays as it is, since it has been paid for, and so does all of
    an answer that is larger than 24 MiB.
    """
    if answer.size > MAX_MARKED_BYTES:
        log.warning("The pictures in an answer of %d bytes were not marked.", answer.size)
        return answer
    with _turns.get():
        return _mark_in_memory(answer, mark)


def _mark_in_memory(answer: Received, mark: PictureMark) -> Received:
    data = b"".join(answer.pieces)
    types = [value for name, value in answer.headers.items() if name.lower() == "content-type"]
    if types and types[0].lower().startswith("image/"):
        return _with_body(answer, _marked(data, mark) or data)

    def replace(found: re.Match[bytes]) -> bytes:
        head = found[1] or b""
        picture = _decode(found[2])
        marked = _marked(picture, mark) if picture else None
        return b'"%b%b"' % (head, base64.b64encode(marked)) if marked else found[0]

    return _with_body(answer, _ENCODED.sub(replace, data))


def _with_body(answer: Received, data: bytes) -> Received:
    headers = {
        name: str(len(data)) if name.lower() == "content-length" else value
        for name, value in answer.headers.items()
    }
    return Received(answer.status, headers, _once(data), len(data))


def _once(data: bytes) -> Iterator[bytes]:
    yield data


def _decode(text: bytes) -> bytes | None:
    """Return the picture that base64 of either alphabet encodes; None if it is something else."""
    if len(text) < _SHORTEST:
        return None
    packed = text.partition(b"\\u")[0].replace(b"\\/", b"/").rstrip(b"=").translate(_URL_SAFE)
    try:
        head = base64.b64decode(packed[:_SHORTEST], validate=True)
        if not is_picture(head):
            return None
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _marked(data: bytes, mark: PictureMark) -> bytes | None:
    """Return a picture with the mark; None if it cannot be marked."""
    try:
        return mark.apply(read_picture(data)).data
    except Exception as error:  # noqa: BLE001  (its text might contain what it was given)
        log.warning("A picture from Genvoris was not marked (%s).", type(error).__name__)
        return None
