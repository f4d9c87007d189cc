"""An httpx transport whose sockets keep the deadline of the whole call.

httpx bounds each read on its own, so a server that sends one byte a second could occupy a thread
for hours. Here each step gets only the time that the call has left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any, cast

import httpcore
import httpx

from .environment import certificates_for, proxy_for, trusted_certificates
from .response import current_deadline

SocketOptions = Iterable[Any] | None
MAX_CONNECTIONS = 100
MAX_KEPT_CONNECTIONS = 20
KEEPALIVE_SECONDS = 5.0


class SocketTransport(httpx.BaseTransport):
    """An httpx transport over httpcore's connection pools, with sockets that keep the deadline.

    ``httpx.HTTPTransport`` does the same, but cannot be given a network backend.

    Args:
        url: The server, as for ``open_connections``.
        keep: Whether a connection serves several requests.

    Raises:
        NetworkSetupError: The environment's proxy or certificates cannot be used.
    """

    def __init__(self, url: str | None, *, keep: bool = True) -> None:
        self._pool = _open_pool(url, keep)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the response, whose body is still to be read.

        Raises:
            httpx.TransportError: There was no response.
        """
        url = request.url
        with _as_httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_ResponseStream(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _ResponseStream(httpx.SyncByteStream):
    """The body of a response, whose errors are httpx's."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    """Raise httpcore's errors as those that httpx has under the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError) as error:
        raise _httpx_error(error) from error
    except (httpcore.ProtocolError, httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
        raise _httpx_error(error) from error


def _httpx_error(error: Exception) -> httpx.TransportError:
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    return cast("httpx.TransportError", kind(str(error)))


def _open_pool(url: str | None, keep: bool) -> httpcore.ConnectionPool:
    proxy = None if url is None else proxy_for(url)
    options: dict[str, Any] = {
        "ssl_context": certificates_for(url, proxy),
        "max_connections": MAX_CONNECTIONS,
        "max_keepalive_connections": MAX_KEPT_CONNECTIONS if keep else 0,
        "keepalive_expiry": KEEPALIVE_SECONDS,
        "network_backend": _BoundedBackend(httpcore.SyncBackend()),
    }
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    options["proxy_url"] = proxy.url
    # The password is in no local variable, which tools that report errors would record.
    if proxy.scheme.startswith("socks"):
        return httpcore.SOCKSProxy(**options, proxy_auth=proxy.auth)
    own_certificates = trusted_certificates() if proxy.scheme == "https" else None
    return httpcore.HTTPProxy(**options, proxy_auth=proxy.auth, proxy_ssl_context=own_certificates)


def _time_left(timeout: float | None, spent: type[Exception]) -> float | None:
    """Return the seconds for one step: its own limit, or less if the call has less left."""
    deadline = current_deadline.get()
    if deadline is None:
        return timeout
    left = deadline.remaining()
    if left <= 0:
        raise spent("the call's deadline has passed")
    return left if timeout is None else min(timeout, left)


class _BoundedBackend(httpcore.NetworkBackend):
    """Opens connections whose steps keep the deadline."""

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
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(
            self._inner.connect_tcp(host, port, left, local_address, socket_options)
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions = None
    ) -> httpcore.NetworkStream:
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._inner.connect_unix_socket(path, left, socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose steps keep the deadline of the call that uses it now."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _time_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _time_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
