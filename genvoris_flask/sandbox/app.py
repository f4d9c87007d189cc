"""The factory of the sandbox's Flask app."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ..web.compat import with_body_limit
from .context import EXTENSION_KEY, Context, SandboxClock, context
from .domain.settings import change_settings
from .domain.signing_keys import KeyRing
from .domain.store import FolderLock, Store, prepare_folder
from .domain.webhook_dispatcher import WebhookDispatcher
from .http.auth import set_start_key
from .http.fault_middleware import FaultMiddleware, IdConverter
from .http.request_log import RequestLog
from .http.request_validation import check_request
from .pages import actions, docs, overview
from .product_image import ImageFetcher
from .responses import HttpError, error_response, http_error_response, new_request_id
from .routes import (
    analytics,
    control_api,
    customers,
    plans,
    public,
    sessions,
    tryons,
    webhook_endpoints,
)

if TYPE_CHECKING:
    import httpx


DEFAULT_KEY = "gvk_test_sandbox"
DEFAULT_ISSUER = "https://genvoris.org"
DEFAULT_CREDITS = 1000
BLUEPRINTS = (
    plans.blueprint,
    customers.blueprint,
    sessions.blueprint,
    analytics.events_blueprint,
    analytics.conversions_blueprint,
    webhook_endpoints.blueprint,
    tryons.blueprint,
    tryons.track_blueprint,
    public.blueprint,
    control_api.blueprint,
    control_api.account_blueprint,
    docs.blueprint,
    overview.blueprint,
    actions.blueprint,
)


def create_app(
    folder: Path,
    *,
    api_key: str = DEFAULT_KEY,
    issuer: str = DEFAULT_ISSUER,
    credits_at_start: int = DEFAULT_CREDITS,
    delay: float = 0.0,
    rate_limits: bool | None = None,
    safety_switches: bool | None = None,
    allow_hosts: Sequence[str] = (),
    exclusive: bool = False,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
    fetch_image: Callable[[str], bytes] | None = None,
) -> Flask:
    """Create a sandbox.

    Args:
        folder: Stores its data and its signing key.
        api_key: The key that it accepts, until it is rotated.
        issuer: The ``iss`` claim of its tokens.
        credits_at_start: The shop's credits if the folder is new.
        delay: The least time that a try-on takes, in seconds.
        rate_limits: Whether to enforce Genvoris's rate limits; None keeps the folder's setting.
        safety_switches: Whether to suspend the account as Genvoris would; None keeps the folder's
            setting, which is true in a new one.
        allow_hosts: Hosts besides this machine that product pictures are fetched from:
            ``cdn.shop.example``, or ``*.shop.example`` for all of its subdomains.
        exclusive: Lock the folder, so that one process at a time serves it.
        clock: Returns the time in Unix seconds.
        sleep: Called with the seconds to wait.
        transport: Sends webhooks; defaults to a transport that opens sockets.
        fetch_image: Returns the bytes of the product picture at an address; defaults to an
            ``ImageFetcher``.

    Raises:
        StoreError: The folder's data cannot be used, or another process has it.
        OSError: The folder cannot be written.
        ImportError: The dependencies of the extra ``[sandbox]`` are not installed.
    """
    _require_extra()
    prepare_folder(folder)
    lock = FolderLock(folder) if exclusive else None
    store = Store(folder, f"shop_{secrets.token_hex(6)}", credits_at_start, clock())
    moved = SandboxClock(clock, store)
    _start_account(store, api_key, moved(), rateLimits=rate_limits, safetySwitches=safety_switches)
    dispatcher = WebhookDispatcher(store, moved, wall_clock=clock, transport=transport)
    calls, keys = RequestLog(moved), KeyRing(folder)
    fetch = fetch_image or ImageFetcher(allow_hosts)
    return _make_app(
        Context(lock, store, keys, issuer, moved, dispatcher, calls, fetch, delay, sleep)
    )


def _start_account(store: Store, api_key: str, now: float, **settings: bool | None) -> None:
    with store.transaction() as db:
        set_start_key(db, api_key, now)
        change_settings(db, {name: each for name, each in settings.items() if each is not None})


def _make_app(parts: Context) -> Flask:
    """Create the Flask app around the parts."""
    app = Flask(__name__, static_folder=None)
    app.request_class = with_body_limit(app.request_class)
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = IdConverter
    app.extensions[EXTENSION_KEY] = parts
    middleware = FaultMiddleware(app.wsgi_app, parts.calls, parts.faults, parts.sleep)
    app.wsgi_app = middleware  # type: ignore[method-assign]
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(HttpError, _error_response)
    app.register_error_handler(HTTPException, http_error_response)
    app.before_request(check_request)
    app.after_request(_name_request)
    return app


def _require_extra() -> None:
    """Raise ImportError if a dependency that is imported later is missing."""
    if any(find_spec(name) is None for name in ("jsonschema_rs", "PIL", "pillow_heif")):
        raise ImportError(
            'The sandbox needs more: pip install "genvoris-flask[sandbox]" '
            "(in a checkout: make .venv/.dev)."
        )


def _error_response(error: HttpError) -> Response:
    if error.after_rollback is not None:
        with context().store.transaction() as db:
            error.after_rollback(db)
    return error_response(error)


def _name_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = new_request_id()
    response.headers.setdefault("Cache-Control", "no-store")
    return response
