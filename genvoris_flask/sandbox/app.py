"""Puts the sandbox together as a Flask app."""

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
from .domain.webhook_dispatcher import Courier
from .http.auth import keep_start_key
from .http.errors import RefusalError, answer_http_error, answer_refusal, new_request_id
from .http.fault_middleware import Front, IdConverter
from .http.request_log import CallLog
from .http.request_validation import check_request
from .pages import actions, docs, overview
from .product_image import ImageFetcher
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
    allow_hosts: Sequence[str] = (),
    exclusive: bool = False,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
    fetch_image: Callable[[str], bytes] | None = None,
) -> Flask:
    """Make a sandbox.

    Args:
        folder: Where its data and its signing key are kept.
        api_key: The key that it accepts, until it is rotated.
        issuer: What its tokens say in ``iss``.
        credits_at_start: The shop's credits, when the folder is new.
        delay: Seconds that a try-on takes at least.
        rate_limits: Whether Genvoris's are in force; None leaves it as it was.
        allow_hosts: Hosts, beside this machine, that product pictures are fetched from:
            ``cdn.shop.example``, or ``*.shop.example`` for all below it.
        exclusive: Refuse a folder that another process serves, and keep it from others.
        clock: The time, in Unix seconds.
        sleep: Waits so many seconds.
        transport: What sends webhooks; None opens sockets.
        fetch_image: Returns the bytes of the product picture at an address; None fetches it.

    Raises:
        StoreError: The folder's data cannot be used, or another process has it.
        OSError: The folder cannot be written.
        ImportError: What the extra ``[sandbox]`` installs is not there.
    """
    _require_extra()
    prepare_folder(folder)
    lock = FolderLock(folder) if exclusive else None
    store = Store(folder, f"shop_{secrets.token_hex(6)}", credits_at_start, clock())
    moved = SandboxClock(clock, store)
    _start_account(store, api_key, moved(), rate_limits)
    courier = Courier(store, moved, wall_clock=clock, transport=transport)
    calls, keys = CallLog(moved), KeyRing(folder)
    fetch = fetch_image or ImageFetcher(allow_hosts)
    return _set_up(Context(lock, store, keys, issuer, moved, courier, calls, fetch, delay, sleep))


def _start_account(store: Store, api_key: str, now: float, rate_limits: bool | None) -> None:
    with store.transaction() as db:
        keep_start_key(db, api_key, now)
        if rate_limits is not None:
            change_settings(db, {"rateLimits": rate_limits})


def _set_up(parts: Context) -> Flask:
    """Put routes, refusals and the front door around the parts."""
    app = Flask(__name__, static_folder=None)
    app.request_class = with_body_limit(app.request_class)
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = IdConverter
    app.extensions[EXTENSION_KEY] = parts
    front = Front(app.wsgi_app, parts.calls, parts.faults, parts.sleep)
    app.wsgi_app = front  # type: ignore[method-assign]
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(RefusalError, _answer_refusal)
    app.register_error_handler(HTTPException, answer_http_error)
    app.before_request(check_request)
    app.after_request(_name_request)
    return app


def _require_extra() -> None:
    """Look for what is imported late, without importing it."""
    if any(find_spec(name) is None for name in ("jsonschema_rs", "PIL", "pillow_heif")):
        raise ImportError(
            'The sandbox needs more: pip install "genvoris-flask[sandbox]" '
            "(in a checkout: make .venv/.dev)."
        )


def _answer_refusal(refusal: RefusalError) -> Response:
    if refusal.then is not None:
        with context().store.transaction() as db:
            refusal.then(db)
    return answer_refusal(refusal)


def _name_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = new_request_id()
    response.headers.setdefault("Cache-Control", "no-store")
    return response
