"""One exchange with a server: its bounds, its errors as ours, its answer."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from ...errors import ApiError, DeadlineError, MalformedAnswerError, UnreachableError
from .deadline import Deadline
from .error_parsing import parse_error
from .transport import current_deadline

MAX_ANSWER_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Response:
    """What came back with a status below 400."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class StreamedResponse:
    """An answer whose body is still coming in. To be closed.

    Args:
        name: What was asked, for messages.
        response: httpx's own.
        deadline: When all of it must be there.
    """

    def __init__(self, name: str, response: httpx.Response, deadline: Deadline) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._name = name
        self._response = response
        self._deadline = deadline

    def iter_raw(self) -> Iterator[bytes]:
        """Give the body as it was sent, still encoded as Content-Encoding says.

        Raises:
            UnreachableError: It broke off, or (DeadlineError) took too long.
            MalformedAnswerError: It is larger than any that the contract knows.
        """
        size = 0
        pieces = self._response.iter_raw()
        while True:
            with bounded(self._name, self._deadline):
                piece = next(pieces, None)
            if piece is None:
                return
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise MalformedAnswerError("The answer from Genvoris is larger than 32 MiB.")
            yield piece

    def read(self) -> bytes:
        """Give the whole body, decoded, of an answer that is small, such as a refusal.

        Raises:
            UnreachableError: As ``iter_raw``.
            MalformedAnswerError: As ``iter_raw``.
        """
        with bounded(self._name, self._deadline):
            return read_whole(self._response, self._deadline)

    def error(self, secrets: tuple[str, ...] = ()) -> ApiError:
        """Give the error that the answer says.

        Args:
            secrets: Texts to blot out of it.
        """
        return parse_error(self.status, self.headers, self.read(), secrets)

    def close(self) -> None:
        """Let the connection go."""
        self._response.close()


class NoConnectionError(UnreachableError):
    """Nothing was sent."""


class NoConnectionInTimeError(DeadlineError, NoConnectionError):
    """Nothing was sent, and the time is up."""


@contextmanager
def bounded(name: str, deadline: Deadline) -> Iterator[None]:
    """Bound each step by the deadline, and name httpx's errors as ours."""
    before = current_deadline.set(deadline)
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise NoConnectionInTimeError(_in_vain(name, "not connected")) from error
    except httpx.TimeoutException as error:
        raise DeadlineError(_in_vain(name, "no answer")) from error
    except httpx.ProxyError as error:
        raise NoConnectionError(f"{name}: the proxy of this machine refused to connect.") from error
    except httpx.ConnectError as error:
        raise NoConnectionError(f"{name}: cannot connect to Genvoris{_why(error)}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = type(error).__name__
        raise UnreachableError(f"{name}: the connection broke ({reason}).") from error
    finally:
        current_deadline.reset(before)


def _why(error: BaseException | None) -> str:
    """Say whether it is the certificate that keeps us from connecting."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    if error is None:
        return ""
    unread = [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)]
    instead = f" {unread[0]} is not read." if unread and not os.environ.get("SSL_CERT_FILE") else ""
    return (
        f", whose certificate is not trusted here ({error.verify_message}). Behind a proxy with "
        f"certificates of its own, name them in SSL_CERT_FILE.{instead}"
    ).removesuffix(".")


def _in_vain(name: str, what: str) -> str:
    return f"{name}: {what} within the time that was left."


def read_whole(response: httpx.Response, deadline: Deadline) -> bytes:
    """Read the body, decoded; httpx bounds each piece, and this bounds their sum."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if deadline.remaining() <= 0:
            raise httpx.ReadTimeout("the body came too slowly", request=response.request)
        if len(body) > MAX_ANSWER_BYTES:
            raise MalformedAnswerError("The answer from Genvoris is larger than 32 MiB.")
    return bytes(body)
