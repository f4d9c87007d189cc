"""Fetches a picture whose address came from outside, without being led anywhere else.

Only https, only hosts that the shop allows, only public addresses; the connection goes to the very
address that was checked, and each redirect is checked like the first address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from ...errors import DeadlineError, MalformedAnswerError, UnreachableError
from ..concurrency.per_process import PerProcess
from .addresses import Resolve, public_address, resolve
from .deadline import Deadline
from .transport import Connections, current_deadline

MAX_BYTES = 16 * 1024 * 1024
MAX_REDIRECTS = 3
ATTEMPTS = 2
HTTPS = 443


class PictureFetcher:
    """Fetches pictures over HTTPS from allowed hosts.

    Args:
        own_url: Where try-ons are made. Its own origin is always allowed, with its own scheme and
            port, since the shop's settings name it and not an answer.
        own_headers: Sent to that origin and to no other.
        hosts: Hosts that are allowed besides: ``cdn.example.com``, or ``*.example.com`` for all
            below it.
        resolver: Looks a host up; for tests.
        transport: What carries the requests; for tests.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        own_url: str,
        own_headers: Mapping[str, str],
        hosts: tuple[str, ...],
        *,
        resolver: Resolve = resolve,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = _origin(urlsplit(own_url))
        self._own_url = own_url
        self._own_headers = dict(own_headers)
        self._hosts = hosts
        self._resolver = resolver
        self._clock = clock
        self._own_connections = PerProcess(lambda: Connections({}, own_url, transport=transport))
        # A proxy would look the name up once more. Kept connections are told apart by address, and
        # an address may serve several hosts.
        self._connections = PerProcess(
            lambda: Connections({}, None, transport=transport, keep=False)
        )

    def fetch(self, url: str, timeout: float) -> bytes:
        """Give the bytes at an address, which may be relative to where try-ons are made.

        Args:
            url: The address.
            timeout: Seconds for everything together, redirects included.

        Raises:
            MalformedAnswerError: It may not be fetched, or is no picture, or is too large.
            UnreachableError: There was no answer, or (DeadlineError) none in time.
        """
        deadline = Deadline(timeout, self._clock)
        whole = _join(self._own_url + "/", url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._get(whole, deadline)
            if isinstance(answer, bytes):
                return answer
            whole = _join(whole, answer)
        raise MalformedAnswerError("A picture's address leads from one to another without end.")

    def _get(self, url: str, deadline: Deadline) -> bytes | str:
        """Give the picture, or where it is instead. Asking twice does no harm."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._ask(url, deadline)
            except DeadlineError:
                raise
            except UnreachableError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _ask(self, url: str, deadline: Deadline) -> bytes | str:
        parts = _split(url)
        host = str(parts.hostname)
        connections, request = self._aim(parts)
        left = deadline.remaining()
        if left <= 0:
            raise DeadlineError(f"No time was left to fetch a picture from {host!r}.")
        before = current_deadline.set(deadline)
        try:
            with closing(connections.send("GET", timeout=left, **request)) as response:
                return _read(response, deadline, host)
        except httpx.TimeoutException as error:
            raise DeadlineError(f"{host!r} did not give a picture in time.") from error
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise UnreachableError(f"{host!r} gave no picture ({reason}).") from error
        finally:
            current_deadline.reset(before)

    def _aim(self, parts: SplitResult) -> tuple[Connections, dict[str, Any]]:
        """Check an address; give what fetches it, and the request."""
        host = str(parts.hostname)
        if _origin(parts) == self._own:
            request = {"url": parts.geturl(), "headers": self._own_headers}
            return self._own_connections.get(), request
        if parts.scheme != "https" or parts.port not in (None, HTTPS) or not self._allows(host):
            raise MalformedAnswerError(
                f"A picture is at {parts.scheme}://{host}, which is left alone. If it is "
                "Genvoris's, add its host to GENVORIS_RESULT_HOSTS; only https is fetched."
            )
        address = public_address(host, HTTPS, self._resolver)
        bracketed = f"[{address}]" if ":" in address else address
        return self._connections.get(), {
            "url": parts._replace(netloc=bracketed, fragment="").geturl(),
            "headers": {"Host": host},
            # The certificate is still checked for the name, not for the address.
            "extensions": {"sni_hostname": host},
        }

    def _allows(self, host: str) -> bool:
        return any(
            host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
            for allowed in self._hosts
        )


def _join(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        raise MalformedAnswerError("A picture's address cannot be read.") from None


def _split(url: str) -> SplitResult:
    """Take an address apart; parsers disagree on odd ones, so those are refused."""
    odd = not url.isascii() or not url.isprintable() or any(sign in url for sign in '\\ <>"^`{|}')
    try:
        parts = urlsplit("" if odd else url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname or any(sign in parts.netloc for sign in "@%"):
        raise MalformedAnswerError("A picture's address cannot be read.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    port = parts.port or {"http": 80, "https": HTTPS}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _read(response: httpx.Response, deadline: Deadline, host: str) -> bytes | str:
    if response.status_code in (301, 302, 303, 307, 308):
        return str(response.headers.get("Location", ""))
    if response.status_code >= 500:
        raise UnreachableError(f"{host!r} answered {response.status_code} for a picture.")
    kind = response.headers.get("Content-Type", "image/").split(";")[0].strip().lower()
    wrong = not kind.startswith("image/") and kind != "application/octet-stream"
    if response.status_code != 200 or wrong:
        raise MalformedAnswerError(
            f"{host!r} answered {response.status_code}, {kind}, for a picture."
        )
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise MalformedAnswerError(f"A picture at {host!r} is larger than 16 MiB.")
        if deadline.remaining() <= 0:
            raise DeadlineError(f"{host!r} sends a picture too slowly.")
    return bytes(body)
