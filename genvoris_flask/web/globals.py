"""The current app and request as objects rather than proxies.

Each access through one of Flask's proxies costs about 2 µs, and some code runs for every page.
``_get_current_object`` is Werkzeug's documented way to the object behind a proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Flask, Request, current_app, request
from werkzeug.local import LocalProxy

# Each raises RuntimeError if there is no current one.
get_app: Callable[[], Flask] = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001
get_request: Callable[[], Request] = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001
