"""Connections to servers, on which every wait ends with the deadline of the whole call.

httpx bounds each single read. A server that sends one byte a second, in its headers too, would keep
a thread for hours; here each read gets only the time that the call has left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from .deadline import Deadline
from .environment import certificates_for, proxy_for

current_deadline: ContextVar[Deadline | None] = ContextVar("genvoris_deadline", default=None)

SocketOptions = Iterable[Any] | None
MAX_CONNECTIONS = 100
MAX_KEPT_CONNECTIONS = 20


class Connections:
    """Sends requests, over connections that are kept and used again.

    Requests go to a transport of httpx rather than to its client. The client would log each URL,
    and with it shoppers' ids, and would send one shopper's cookies with the next one's request.

    Args:
        headers: Sent with every request.
        url: The server, which the environment may name a proxy for. None: any, and no proxy.
        transport: What carries the requests instead of sockets; for tests.
        keep: Whether a connection serves several requests.

    Raises:
        NetworkSetupError: The environment's proxy or certificates cannot be used.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        url: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        keep: bool = True,
    ) -> None:
        self._transport = transport or _open_transport(url, keep)
        # It builds requests, and sends none.
        self._builder = httpx.Client(
            headers=dict(headers), transport=self._transport, trust_env=False
        )

    def send(self, method: str, url: str, *, timeout: float, **content: Any) -> httpx.Response:
        """Send a request, and return the response once its headers are there. It is to be closed.

        Redirects are not followed: one would carry the key elsewhere.

        Args:
            method: The HTTP method.
            url: The whole URL.
            timeout: Seconds for each step, if the call has no deadline.
            content: ``json``, ``params``, ``data``, ``files``, ``content``, ``headers`` or
                ``extensions``, as httpx takes them.

        Raises:
            httpx.HTTPError: There was no response.
        """
        request = self._builder.build_request(method, url, timeout=timeout, **content)
        response = self._transport.handle_request(request)
        response.request = request
        return response

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def _open_transport(url: str | None, keep: bool) -> httpx.HTTPTransport:
    proxy = None if url is None else proxy_for(url)
    kept = MAX_KEPT_CONNECTIONS if keep else 0
    transport = httpx.HTTPTransport(
        verify=certificates_for(url, proxy),
        trust_env=False,
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=kept),
        proxy=proxy,
    )
    # httpx has no public way to wrap its sockets; a test holds that this one works.
    pool: Any = transport._pool  # noqa: SLF001
    pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001
    return transport


def _left(timeout: float | None, spent: type[Exception]) -> float | None:
    """Return the seconds for one step: what it was given, but no more than the call has left."""
    deadline = current_deadline.get()
    if deadline is None:
        return timeout
    left = deadline.remaining()
    if left <= 0:
        raise spent("the time for this call is over")
    return left if timeout is None else min(timeout, left)


class _Backend(httpcore.NetworkBackend):
    """Opens connections whose steps are bounded."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_unix_socket(path, left, socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection whose steps are bounded by the call that uses it now."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
