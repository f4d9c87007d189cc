"""Fetches a picture from a URL that cannot be trusted.

Only https, only allowed hosts and only public addresses. The connection goes to the address that
was checked, and each redirect is checked like the first URL.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ...errors import DeadlineError, MalformedAnswerError, NetworkSetupError, UnreachableError
from ..addresses import Resolve, public_address, resolve
from ..concurrency.per_process import PerProcess
from .network import Connections, Transport, open_connections
from .response import Deadline, StreamedResponse

MAX_BYTES = 16 * 1024 * 1024
MAX_REDIRECTS = 3
ATTEMPTS = 2
HTTPS = 443


class _ServerFailedError(UnreachableError):
    """The picture's server answered 5xx."""


class PictureFetcher:
    """Fetches pictures over HTTPS from allowed hosts.

    Args:
        own_url: The try-on host. Its own origin is always allowed, with its own scheme and port,
            since the shop's settings name it and not a response.
        own_headers: Sent to that origin and to no other.
        hosts: Other allowed hosts: ``cdn.example.com``, or ``*.example.com`` for all its
            subdomains.
        resolver: Looks a host up; for tests.
        transport: Carries the requests; for tests.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        own_url: str,
        own_headers: Mapping[str, str],
        hosts: tuple[str, ...],
        *,
        resolver: Resolve = resolve,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = _origin(urlsplit(own_url))
        self._own_url = own_url
        self._own_headers = dict(own_headers)
        self._hosts = hosts
        self._resolver = resolver
        self._clock = clock
        self._own_connections = PerProcess(
            lambda: open_connections({}, own_url, transport=transport)
        )
        # A proxy would look the name up once more. A connection that is kept is found by its
        # address, and an address may serve several hosts.
        self._connections = PerProcess(
            lambda: open_connections({}, None, transport=transport, keep=False)
        )

    def fetch(
        self, url: str, timeout: float, before_large: Callable[[], object] | None = None
    ) -> bytes:
        """Return the bytes at a URL, which may be relative to the try-on host.

        Args:
            url: The URL.
            timeout: Seconds for everything together, redirects included.
            before_large: Called before a large picture is read.

        Raises:
            MalformedAnswerError: The URL is not allowed, or leads to no picture or to one that is
                too large.
            UnreachableError: There was no response, or (DeadlineError) none in time.
        """
        deadline = Deadline(timeout, self._clock)
        whole = _join(self._own_url + "/", url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._get(whole, deadline, before_large)
            if isinstance(answer, bytes):
                return answer
            whole = _join(whole, answer)
        raise MalformedAnswerError("A picture's address redirects too often.")

    def _get(
        self, url: str, deadline: Deadline, before_large: Callable[[], object] | None
    ) -> bytes | str:
        """Return the picture, or the URL that it redirects to."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._ask(url, deadline, before_large)
            except DeadlineError:
                raise
            except UnreachableError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _ask(
        self, url: str, deadline: Deadline, before_large: Callable[[], object] | None
    ) -> bytes | str:
        parts = _split(url)
        host = str(parts.hostname)
        connections, request = self._build_request(parts)
        if deadline.remaining() <= 0:
            raise DeadlineError(f"No time was left to fetch a picture from {host!r}.")
        try:
            response = connections.open("GET", name="GET a picture", deadline=deadline, **request)
            with closing(response):
                return _read(response, host, before_large)
        except DeadlineError as error:
            raise DeadlineError(f"{host!r} did not send a picture in time.") from error
        except (NetworkSetupError, _ServerFailedError):
            raise
        except UnreachableError as error:
            reason = type(error.__cause__ or error).__name__
            raise UnreachableError(f"{host!r} sent no picture ({reason}).") from error

    def _build_request(self, parts: SplitResult) -> tuple[Connections, dict[str, Any]]:
        """Check a URL; return the connections to use and the request to send."""
        host = str(parts.hostname)
        if _origin(parts) == self._own:
            request = {"url": parts.geturl(), "headers": self._own_headers}
            return self._own_connections.get(), request
        if parts.scheme != "https" or parts.port not in (None, HTTPS) or not self._allows(host):
            raise MalformedAnswerError(
                f"A picture is at {parts.scheme}://{host}, which is not allowed. If it is "
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
    """Parse a URL. Parsers disagree on odd ones, so those are refused."""
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


def _read(
    response: StreamedResponse, host: str, before_large: Callable[[], object] | None
) -> bytes | str:
    """Return the picture, or where a redirect leads."""
    if response.status in (301, 302, 303, 307, 308):
        return str(response.headers.get("Location", ""))
    if response.status >= 500:
        raise _ServerFailedError(f"{host!r} answered {response.status} for a picture.")
    kind = response.headers.get("Content-Type", "image/").split(";")[0].strip().lower()
    wrong = not kind.startswith("image/") and kind != "application/octet-stream"
    if response.status != 200 or wrong:
        raise MalformedAnswerError(f"{host!r} answered {response.status}, {kind}, for a picture.")
    return response.read(MAX_BYTES, f"A picture at {host!r}", before_large)
