"""What a server sent back, and the errors for when it sent nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...errors import ApiError, DeadlineError, MalformedAnswerError, UnreachableError
from .deadline import Deadline
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


class Transport(Protocol):
    """Carries requests: any ``httpx.BaseTransport``.

    httpx itself is imported with the first connection, since a command that asks Genvoris nothing
    should not pay for it.
    """

    def handle_request(self, request: Any) -> Any:
        """Send an ``httpx.Request`` and return the ``httpx.Response``."""

    def close(self) -> None:
        """Close all connections."""


class Connections(Protocol):
    """Sends requests to one server, or to any; see ``open_connections``."""

    def open(
        self,
        method: str,
        url: str,
        *,
        name: str,
        deadline: Deadline,
        timeout: float | None = None,
        **content: Any,
    ) -> StreamedResponse:
        """Send a request and return the response once its headers are there.

        Args:
            method: The HTTP method.
            url: The whole URL.
            name: What is asked, for messages.
            deadline: When the whole call must be done.
            timeout: Seconds for each step, where the deadline may still move. Defaults to the
                time that is left.
            content: ``json``, ``params``, ``data``, ``files``, ``content``, ``headers`` or
                ``extensions``, as httpx takes them.

        Raises:
            UnreachableError: There was no response, or (DeadlineError) none in time.
            NetworkSetupError: The environment's proxy or certificates cannot be used.
        """

    def close(self) -> None:
        """Close all connections."""


def open_connections(
    headers: Mapping[str, str],
    url: str | None,
    *,
    transport: Transport | None = None,
    keep: bool = True,
) -> Connections:
    """Return connections to a server, none of which is open yet.

    Args:
        headers: Sent with every request.
        url: The server, which may be behind the environment's proxy. None means any server,
            without a proxy.
        transport: Carries the requests instead of sockets; for tests.
        keep: Whether a connection serves several requests.

    Raises:
        NetworkSetupError: The environment's proxy or certificates cannot be used.
    """
    from .connections import HttpxConnections  # imports httpx

    return HttpxConnections(headers, url, transport=transport, keep=keep)
