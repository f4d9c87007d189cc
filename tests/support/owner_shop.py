"""A shop on a real port whose owner uses the console in a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Response, redirect, render_template_string, session
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

PRODUCT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Striped shirt</title>
<link rel="stylesheet" href="/shop.css">
{{ genvoris_widget() }}
</head>
<body>
<main><h1>Striped shirt</h1>
<p>29.00 €</p>
{{ genvoris_button(image="/shirt.png", title="Striped shirt", id="shirt") }}</main>
</body>
</html>"""
STYLE = """
body { margin: 2rem; background: #fff; color: #222; font: 1rem/1.5 sans-serif; }
h1 { padding-block: 50rem 1rem; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #eee; } }
"""
POLICY = "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'"


class QuietHandler(WSGIRequestHandler):
    """Logs no requests."""

    def log_request(self, *_args: Any) -> None:
        """Do nothing."""


@contextmanager
def owner_shop(genvoris: LocalGenvoris, folder: Path, **config: Any) -> Iterator[tuple[Shop, str]]:
    """Serve a shop with a ledger, and yield it with its URL.

    ``/log-in/fen`` logs its owner in; anybody else is a shopper.
    """
    shop = ledger_shop(genvoris, folder, **config)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    app = shop.app

    @app.get("/log-in/<name>")
    def log_in(name: str) -> Any:
        session["user"] = name
        return redirect("/shirt")

    @app.get("/shirt")
    def shirt() -> Response:
        response = Response(render_template_string(PRODUCT))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.get("/shop.css")
    def style() -> Response:
        return Response(STYLE, mimetype="text/css")

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
