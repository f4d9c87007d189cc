"""The deadline of a call, and what a server sends back before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from ...errors import ApiError, DeadlineError, MalformedAnswerError, UnreachableError
from .error_parsing import parse_error

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
_NAME = "The answer from Genvoris"


class Deadline:
    """A point in time by which a call must be done.

    Args:
        seconds: How far it is from now.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, seconds: float) -> None:
        """Move the deadline to ``seconds`` from now."""
        self._end = self._clock() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, or zero."""
        return max(0.0, self._end - self._clock())

    def allows(self, seconds: float) -> bool:
        """Return whether something that takes this long would be done in time."""
        return seconds < self.remaining()


# The deadline of the call that uses a socket now: sockets are shared by calls.
current_deadline: ContextVar[Deadline | None] = ContextVar("genvoris_deadline", default=None)


@dataclass(frozen=True)
class Response:
    """A response with a status below 300."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class StreamedResponse:
    """A response whose body is still coming in. The caller closes it.

    Args:
        status: The HTTP status.
        headers: Its headers.
        raw: The body as it was sent, in pieces.
        decoded: The same body, decoded. Only one of the two can be read.
        close: Releases the connection.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        *,
        raw: Iterator[bytes],
        decoded: Iterator[bytes],
        close: Callable[[], None],
    ) -> None:
        self.status = status
        self.headers = headers
        self._raw = raw
        self._decoded = decoded
        self._close = close

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it was sent, still encoded as Content-Encoding says.

        Raises:
            UnreachableError: The connection broke, or (DeadlineError) the time is up.
            MalformedAnswerError: The body is larger than 32 MiB.
        """
        return _limited(self._raw, MAX_RESPONSE_BYTES, _NAME)

    def read(self, limit: int = MAX_RESPONSE_BYTES, name: str = _NAME) -> bytes:
        """Return the whole body, decoded.

        Args:
            limit: The largest body, in bytes.
            name: What it is, for the error.

        Raises:
            UnreachableError: The connection broke, or (DeadlineError) the time is up.
            MalformedAnswerError: The body is larger than ``limit``.
        """
        return b"".join(_limited(self._decoded, limit, name))

    def error(self, secrets: tuple[str, ...] = ()) -> ApiError:
        """Return the error that the response describes.

        Args:
            secrets: Strings to blot out of it.
        """
        return parse_error(self.status, self.headers, self.read(), secrets)

    def close(self) -> None:
        """Release the connection."""
        self._close()


def _limited(pieces: Iterator[bytes], limit: int, name: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise MalformedAnswerError(f"{name} is larger than {limit // 2**20} MiB.")
        yield piece


class NoConnectionError(UnreachableError):
    """Nothing was sent."""


class NoConnectionInTimeError(DeadlineError, NoConnectionError):
    """Nothing was sent, and the time is up."""
