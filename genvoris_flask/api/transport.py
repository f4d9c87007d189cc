"""Makes an httpx client whose every wait ends with the deadline of the whole call.

httpx bounds each single read. A server that sends one byte a second, in its headers too, would keep
a thread for hours; here each read gets only the time that the call has left.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from .deadline import Deadline

current_deadline: ContextVar[Deadline | None] = ContextVar("genvoris_deadline", default=None)

SocketOptions = Iterable[Any] | None


def make_client(
    headers: Mapping[str, str],
    transport: httpx.BaseTransport | None = None,
    *,
    trust_env: bool = True,
    keep_connections: bool = True,
) -> httpx.Client:
    """Give a client with connections of its own.

    Args:
        headers: Sent with every request.
        transport: What carries the requests instead of sockets; for tests.
        trust_env: Whether a proxy of the environment is used.
        keep_connections: Whether a connection serves several requests.
    """
    kept = 20 if keep_connections else 0
    client = httpx.Client(
        headers=dict(headers),
        transport=transport,
        verify=trusted_certificates(),
        follow_redirects=False,  # a redirect would carry the key elsewhere
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=kept),
        trust_env=trust_env,
    )
    # httpx has no public way to wrap its sockets; a test holds that this one works.
    for each in (client._transport, *client._mounts.values()):  # noqa: SLF001
        pool: Any = getattr(each, "_pool", None)
        if isinstance(pool, httpcore.ConnectionPool):
            pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001
    return client


@functools.cache
def trusted_certificates() -> SSLContext:
    """Give what tells a genuine server.

    Reading the certificates takes some 50 ms, so it is done once and before the first page. It is
    never changed afterwards, so that threads and forked processes may share it.
    """
    return httpx.create_ssl_context()


def _left(timeout: float | None, spent: type[Exception]) -> float | None:
    """Give the seconds for one step: what it was given, but no more than the call has left."""
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
