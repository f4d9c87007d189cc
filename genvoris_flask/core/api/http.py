"""Sends requests to one server, keeps their deadline, and retries what can be retried."""

from __future__ import annotations

import copy
import functools
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

from ...errors import ApiError, DeadlineError, UnreachableError
from ..concurrency.per_process import PerProcess
from ..pacing import Pace, Priority, call_of
from .network import Connections, Transport, open_connections
from .response import (
    MAX_JSON_BYTES,
    Deadline,
    Response,
    StreamedResponse,
    parse_error,
    read_retry_after,
)
from .retries import MAX_ATTEMPTS, RetryPolicy, may_repeat, wait_before_repeating

__all__ = ["HttpClient", "Response", "RetryPolicy", "StreamedResponse", "may_repeat"]

log: logging.Logger = logging.getLogger("genvoris_flask.api")

# A thread waits no longer than this before it repeats a request. Who asked can wait without one.
LONGEST_WAIT = 5.0
# Ids of shoppers and of their tokens; those of plans and webhooks are the merchant's own.
_PRIVATE_ID = re.compile(r"/(customers|sessions)/([^/?]+)")


# Called after each request: its name, how many seconds it took, and its status, or "unreachable".
Observe = Callable[[str, float, str], object]


class HttpClient:
    """Sends requests to one server.

    Args:
        base_url: Put in front of every path.
        headers: Sent with every request; their values never reach a message.
        secrets: Strings to blot out of the server's errors.
        transport: Carries the requests; for tests.
        clock: A monotonic clock, in seconds.
        sleep: Waits for a number of seconds.
        observe: Called after each request, repeated ones included.
        pace: Keeps the requests of all processes under Genvoris's limits.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        secrets: tuple[str, ...] = (),
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        observe: Observe | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.base_url: str = base_url.rstrip("/")
        self._headers = dict(headers)
        self._secrets = secrets
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._observe = observe
        self._pace = pace
        self._priority = Priority.SALE
        self._connections = PerProcess(self._connect)

    def __repr__(self) -> str:
        return f"HttpClient({self.base_url!r})"

    def with_priority(self, priority: Priority) -> HttpClient:
        """Return a client that shares this one's connections and sends what is less urgent."""
        other = copy.copy(self)
        other._priority = priority  # noqa: SLF001  (its own class)
        return other

    def request(
        self,
        method: str,
        path: str,
        *,
        timeout: float,
        repeat: RetryPolicy,
        secrets: tuple[str, ...] = (),
        max_bytes: int = MAX_JSON_BYTES,
        before_large: Callable[[], object] | None = None,
        before: Callable[[], None] = lambda: None,
        **content: Any,
    ) -> Response:
        """Send a request, retry it where that is safe, and return the response.

        Args:
            method: The HTTP method.
            path: From the base URL, already URL-encoded.
            timeout: Seconds for everything together.
            repeat: When to send it again.
            secrets: More strings to blot out of an error, such as a token that is sent.
            max_bytes: The largest response.
            before_large: Called before a large response is read.
            before: Called once it is this request's turn, before it is sent.
            content: ``json``, ``params``, ``data``, ``files`` or ``headers``, as httpx takes them.

        Raises:
            ApiError: The server refused.
            PacedError: It was not sent, since the server is asked as often as it may be.
            UnreachableError: There was no response, or (DeadlineError) none in time.
            MalformedAnswerError: The response is larger than ``max_bytes``.
        """
        read = functools.partial(StreamedResponse.read, limit=max_bytes, before_large=before_large)
        self._take_turn(method, path)
        before()
        deadline = Deadline(timeout, self._clock)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._send_observed(method, path, deadline, content, secrets, read)
            except (ApiError, UnreachableError) as error:
                wait = wait_before_repeating(error, repeat, attempt)
                if wait is None or wait > LONGEST_WAIT or not deadline.allows(wait):
                    self._hold(method, path, error)
                    raise
                name = self._name(method, path)
                log.debug("%s: %s; trying again in %.1f s", name, error, wait)
                self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def stream(
        self,
        method: str,
        path: str,
        *,
        upload_timeout: float,
        timeout: float,
        body: Iterable[bytes] | bytes | None,
        headers: Sequence[tuple[bytes, bytes]],
        query: str = "",
    ) -> StreamedResponse:
        """Send a request once, with both bodies streamed, and return the response.

        Args:
            method: The HTTP method.
            path: From the base URL, already URL-encoded.
            upload_timeout: Seconds for connecting and sending the body.
            timeout: Seconds for the whole response after that.
            body: The body, in pieces; errors of its iterator are raised here.
            headers: Sent besides those of the client.
            query: Already URL-encoded.

        Raises:
            PacedError: It was not sent, since the server is asked as often as it may be.
            UnreachableError: There was no response, or (DeadlineError) none in time.
        """
        self._take_turn(method, path)
        deadline = Deadline(upload_timeout, self._clock)
        name = self._name(method, path)
        content = body if isinstance(body, bytes) else _with_restart(body or (), deadline, timeout)
        if isinstance(body, bytes):
            deadline.restart(upload_timeout + timeout)
        response = self._connections.get().open(
            method,
            self.base_url + path + (f"?{query}" if query else ""),
            name=name,
            deadline=deadline,
            timeout=upload_timeout + timeout,
            content=None if body is None else content,
            headers=headers,
        )
        if response.status == 429:
            retry_after = read_retry_after(response.headers.get("retry-after"))
            self._hold_for(method, path, retry_after)
        return response

    def _take_turn(self, method: str, path: str) -> None:
        call = call_of(method, path)
        if self._pace is not None and call is not None:
            self._pace.take(call, self._priority)

    def _hold(self, method: str, path: str, error: ApiError | UnreachableError) -> None:
        """Let all processes wait if the server asks for it."""
        if isinstance(error, ApiError) and (error.status == 429 or error.retry_after):
            self._hold_for(method, path, error.retry_after)

    def _hold_for(self, method: str, path: str, seconds: float | None) -> None:
        call = call_of(method, path)
        if self._pace is not None and call is not None:
            self._pace.hold(call, seconds)

    def _name(self, method: str, path: str) -> str:
        """Return a request's name for logs and messages; without a path it is the base URL's."""
        return name_of(method, path or _without_secrets(self.base_url))

    def _send_observed(self, method: str, path: str, *arguments: Any) -> Response:
        if self._observe is None:
            return self._send(method, path, *arguments)
        started, outcome = self._clock(), "unreachable"
        try:
            response = self._send(method, path, *arguments)
            outcome = str(response.status)
        except ApiError as error:
            outcome = str(error.status)
            raise
        else:
            return response
        finally:
            self._observe(self._name(method, path), self._clock() - started, outcome)

    def _send(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        content: Mapping[str, Any],
        secrets: tuple[str, ...],
        read: Callable[[StreamedResponse], bytes],
    ) -> Response:
        name = self._name(method, path)
        if deadline.remaining() <= 0:
            raise DeadlineError(f"{name}: no time was left to ask Genvoris.")
        url = self.base_url + path
        connections = self._connections.get()
        with closing(connections.open(method, url, name=name, deadline=deadline, **content)) as got:
            body = read(got)
        log.debug("%s was answered %d", name, got.status)
        if got.status >= 300:
            hidden = (*self._secrets, *(text for text in secrets if text))
            ids = _private_ids(path, content.get("json"))
            raise parse_error(got.status, got.headers, body, hidden, ids)
        return Response(got.status, got.headers, body)

    def _connect(self) -> Connections:
        return open_connections(self._headers, self.base_url, transport=self._transport)


def name_of(method: str, path: str) -> str:
    """Return a request's name for logs and messages, without the ids of shoppers and tokens."""
    return f"{method} " + _PRIVATE_ID.sub(r"/\1/{id}", path)


def _without_secrets(url: str) -> str:
    """Return a URL without what may hold a password or a token: user, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _private_ids(path: str, fields: object) -> tuple[str, ...]:
    """Return what identifies a shopper in a request: errors may repeat it, and logs hold errors."""
    found = [unquote(match[2]) for match in _PRIVATE_ID.finditer(path)]
    if isinstance(fields, dict):
        found += [str(fields[name]) for name in ("externalId", "email") if fields.get(name)]
    return tuple(found)


def _with_restart(body: Iterable[bytes], deadline: Deadline, timeout: float) -> Iterator[bytes]:
    """Yield the body, and start the time for the response once it is sent."""
    yield from body
    deadline.restart(timeout)
