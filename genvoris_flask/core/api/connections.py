"""Sends requests with httpx, keeps their deadline, and raises the errors of this package."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from ...errors import DeadlineError, UnreachableError
from .response import (
    Deadline,
    NoConnectionError,
    NoConnectionInTimeError,
    StreamedResponse,
    current_deadline,
)
from .transport import SocketTransport


class HttpxConnections:
    """Sends requests over connections that are reused; see ``open_connections``.

    Requests go straight to a transport, not through an ``httpx.Client``: the client would log each
    URL, which holds shoppers' ids, and send one shopper's cookies with the next one's request.
    Redirects are not followed: one would carry the key elsewhere.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        url: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        keep: bool = True,
    ) -> None:
        self._transport = transport or SocketTransport(url, keep=keep)
        # Builds requests and sends none.
        self._builder = httpx.Client(
            headers=dict(headers), transport=self._transport, trust_env=False
        )

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
        """Send a request and return the response once its headers are there."""
        with _bounded(name, deadline):
            if timeout is None:
                timeout = deadline.remaining()
            request = self._builder.build_request(method, url, timeout=timeout, **content)
            response = self._transport.handle_request(request)
            response.request = request
        return StreamedResponse(
            response.status_code,
            response.headers,
            raw=_steps(response.iter_raw(), name, deadline),
            decoded=_in_time(_steps(response.iter_bytes(), name, deadline), name, deadline),
            close=response.close,
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def _steps(pieces: Iterator[bytes], name: str, deadline: Deadline) -> Iterator[bytes]:
    """Yield the pieces of a body, each of which must arrive before the deadline."""
    while True:
        with _bounded(name, deadline):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _in_time(pieces: Iterator[bytes], name: str, deadline: Deadline) -> Iterator[bytes]:
    """Yield pieces until the deadline, also from a transport that has no sockets."""
    for piece in pieces:
        if deadline.remaining() <= 0:
            raise DeadlineError(_too_late(name, "no answer"))
        yield piece


@contextmanager
def _bounded(name: str, deadline: Deadline) -> Iterator[None]:
    """Make sockets keep the deadline, and raise httpx's errors as this package's."""
    token = current_deadline.set(deadline)
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise NoConnectionInTimeError(_too_late(name, "not connected")) from error
    except httpx.TimeoutException as error:
        raise DeadlineError(_too_late(name, "no answer")) from error
    except httpx.ProxyError as error:
        raise NoConnectionError(f"{name}: the proxy of this machine refused to connect.") from error
    except httpx.ConnectError as error:
        raise NoConnectionError(f"{name}: cannot connect to Genvoris{_reason(error)}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = type(error).__name__
        raise UnreachableError(f"{name}: the connection broke ({reason}).") from error
    finally:
        current_deadline.reset(token)


def _reason(error: BaseException | None) -> str:
    """Return why a connection failed if it is the certificate, else an empty string."""
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


def _too_late(name: str, what: str) -> str:
    return f"{name}: {what} within the time that was left."
