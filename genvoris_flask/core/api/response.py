"""What a server sent back, and the errors for when it sent nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...errors import ApiError, DeadlineError, MalformedAnswerError, UnreachableError
from .error_parsing import parse_error

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
_NAME = "The answer from Genvoris"


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
