"""Receives a response to its end, so that it is counted before any of it is sent on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from ....core.api.http import StreamedResponse
from ....errors import MalformedAnswerError
from .body import CHUNK

MEMORY_BYTES = 4 * 1024 * 1024  # what is larger is on disk
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """A response that is here in whole.

    Attributes:
        status: Its status.
        headers: Its headers.
        pieces: Its body.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


def receive(answer: StreamedResponse) -> Received:
    """Return a whole response.

    Raises:
        MalformedAnswerError: It is empty or too large.
        UnreachableError: It broke off.
    """
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115  (closed when it is read)
    try:
        _fill(file, answer)
    except BaseException:
        file.close()
        raise
    return Received(answer.status, answer.headers, _read(file))


def _fill(file: SpooledTemporaryFile[bytes], answer: StreamedResponse) -> None:
    for piece in answer.iter_raw():
        file.write(piece)
        if file.tell() > MAX_BYTES:
            raise MalformedAnswerError("Genvoris answered a try-on with too much.")
    if not file.tell():
        raise MalformedAnswerError("Genvoris answered a try-on with nothing.")
    file.seek(0)


def _read(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK):
            yield piece
