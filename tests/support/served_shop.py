"""A scripted shop on a real socket, for browsers whose requests cannot be intercepted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, generate_adhoc_ssl_context, make_server

from tests.support.shop_script import QUICK_POLLS, WATCH, ShopScript

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

FAULTS = """window.faults = [];
addEventListener('error', event => faults.push(event.message));
addEventListener('unhandledrejection', event => faults.push(String(event.reason)));"""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the server has read it."""

    method: str
    url: str
    headers: dict[str, str]
    post_data_buffer: bytes

    @property
    def post_data(self) -> str:
        return self.post_data_buffer.decode()


class ServedShop(ShopScript):
    """A shop at a URL; its pages note breaches of their policy, and errors."""

    url = ""

    def page_html(self, path: str = "/product") -> str:
        watch = f'<head><script nonce="n">{WATCH}{FAULTS}{QUICK_POLLS}</script>'
        return super().page_html(path).replace("<head>", watch, 1)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers}
        answer = self.answer(
            ReceivedRequest(request.method, request.url, headers, request.get_data())
        )
        if answer is None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return []
        response = Response(answer.body, answer.status, answer.headers)
        return response(environ, start_response)


class QuietHandler(WSGIRequestHandler):
    """Does not log requests."""

    def log(self, *_args: object) -> None:
        return


@contextmanager
def serving(
    app: WSGIApplication, host: str = "127.0.0.1", ssl_context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve an app on a socket, and return its URL."""
    server = make_server(
        host, 0, app, threaded=True, request_handler=QuietHandler, ssl_context=ssl_context
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if ssl_context else 'http'}://{host}:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served_shop() -> Iterator[ServedShop]:
    """Serve a shop over https, which browsers require for the clipboard and for sharing.

    Each has a port of its own, and so an origin with empty storage.
    """
    shop = ServedShop()
    with serving(shop, ssl_context=certificate()) as shop.url:
        yield shop


@cache
def certificate() -> ssl.SSLContext:
    """Return the context of a certificate that the tests' browsers accept."""
    return generate_adhoc_ssl_context()
