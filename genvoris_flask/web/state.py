"""What one app has: its settings, hooks and parts, behind one typed accessor."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from ..core.products import CATEGORIES, DEFAULT_CATEGORY, Product
from .compat import get_app

if TYPE_CHECKING:  # what a process needs of these, ``wiring`` imports
    from ..core.analytics import EventSender
    from ..core.api.client import GenvorisClient
    from ..core.api.http import HttpClient
    from ..core.billing.stripe.checkout import CheckoutSessions
    from ..core.concurrency.limits import Slots
    from ..core.figures.recorder import Recorder
    from ..core.handover import Handovers
    from ..core.ledger.database import Database
    from ..core.ledger.figures import FigureTable
    from ..core.ledger.models import Spending
    from ..core.outbox.messages import Outbox
    from ..core.pacing import Pace
    from ..core.privacy.consents import ConsentStore
    from ..core.rate_limits import Limiter
    from ..core.sessions import Shopper
    from ..core.sessions.broker import SessionBroker
    from ..core.sessions.verifier import TokenVerifier
    from ..core.storage.interface import Store
    from ..core.tryon.burn_guard import BurnGuard
    from ..core.tryon.daily_limit import DailyLimit
    from ..core.tryon.engines import Engine
    from ..core.tryon.error_mapping import ErrorMapper
    from ..core.tryon.jobs import JobQueue
    from ..core.tryon.remaining import RemainingTryons
    from ..core.webhooks.handling import Deduplicator
    from ..settings import Settings
    from ..settings.live import LiveSettings
    from .assets import Assets
    from .billing import AppBilling
    from .client_address import ProxyWatch
    from .console.checkup import Checkup
    from .hooks import Hooks
    from .metrics import Metrics

log: logging.Logger = logging.getLogger("genvoris_flask")

EXTENSION_KEY = "genvoris"
NOT_SET_UP = (
    "genvoris-flask is not set up for this app: call GenvorisFlask(app), or genvoris.init_app(app) "
    "in your factory. Call it always; GENVORIS_ENABLED = False switches try-on off."
)


@dataclass(frozen=True)
class TagPart:
    """The attributes of the script tag that are the same on every page of the shop.

    Attributes:
        attributes: Values by name.
        written: The same as HTML.
        has_design: Whether they have the button's design; a function returns it for each page.
    """

    attributes: dict[str, object]
    written: str
    has_design: bool


@dataclass(eq=False, repr=False)
class AppState:
    """The parts of one app."""

    app: Flask
    settings: Settings
    hooks: Hooks
    store: Store
    client: GenvorisClient
    pace: Pace
    broker: SessionBroker
    billing: AppBilling
    checkout_sessions: Callable[[], CheckoutSessions]
    apply_stripe_event: Callable[[Mapping[str, Any]], str]
    end_grace: Callable[[str | None], int]
    verifier: TokenVerifier
    engine: Engine
    spending: Spending | None
    consents: ConsentStore | None
    database: Database | None
    figures: FigureTable | None
    recorder: Recorder | None
    lift_ceiling: Callable[[Shopper], None]
    error_mapper: ErrorMapper
    tryon_http: HttpClient
    passthrough_slots: Slots
    upload_slots: Slots
    daily_limit: DailyLimit
    burn_guard: BurnGuard
    jobs: JobQueue
    handovers: Handovers
    assets: Assets
    limiter: Limiter
    proxy_watch: ProxyWatch
    deliveries: Deduplicator
    outbox: Outbox
    events: EventSender
    clock: Callable[[], float]
    metrics: Metrics | None = None
    # Follows the settings that are changed while the shop runs; only with a database.
    live: LiveSettings | None = None
    # Made by the first page that shows how many try-ons are left.
    remaining: RemainingTryons | None = None
    # Made by the first page of the console that shows whether all is well.
    checkup: Checkup | None = None
    # The decoded path of the last page with a product's button, for the console's preview.
    button_page: str | None = None
    # By the root of the shop (SCRIPT_NAME).
    tag_parts: dict[str, TagPart] = field(default_factory=dict)

    @property
    def has_product_rule(self) -> bool:
        """Whether there are products that cannot be tried on."""
        return self.hooks.product_filter is not None or self.settings.categories != CATEGORIES

    def may_try_on(self, product: Product) -> bool:
        """Return whether a product may be tried on, by its category and the shop's own filter."""
        category = product.category if product.category in CATEGORIES else DEFAULT_CATEGORY
        return category in self.settings.categories and self.hooks.may_try_on(product)


class LazyState:
    """Makes an app's state when it is first needed, which many commands never do.

    Args:
        build: Makes the state.
    """

    def __init__(self, build: Callable[[], AppState]) -> None:
        self._build = build
        self._lock = threading.Lock()

    def load(self, app: Flask) -> AppState:
        """Return the state, which takes this object's place in ``app.extensions``."""
        with self._lock:
            state = app.extensions[EXTENSION_KEY]
            if not isinstance(state, AppState):
                state = app.extensions[EXTENSION_KEY] = self._build()
            return state


class SwitchedOff:
    """Stands in for the state of an app that has GENVORIS_ENABLED = False."""


class SwitchedOffError(RuntimeError):
    """The app has GENVORIS_ENABLED = False."""


def get_state(app: Flask | None = None) -> AppState:
    """Return the state of an app, or of the current one.

    Raises:
        SwitchedOffError: The app has GENVORIS_ENABLED = False.
        RuntimeError: The extension was not set up for it.
    """
    app = get_app() if app is None else app
    state: object = app.extensions.get(EXTENSION_KEY)
    if isinstance(state, AppState):
        return _current(state)
    if isinstance(state, LazyState):
        return _current(state.load(app))
    if isinstance(state, SwitchedOff):
        raise SwitchedOffError("Try-on is switched off for this app (GENVORIS_ENABLED).")
    raise RuntimeError(NOT_SET_UP)


def find_state(call: str) -> AppState | SwitchedOff | None:
    """Return what the current app has for a call of the extension; None if it was never set up.

    Args:
        call: The name of the call, for the message.

    Raises:
        RuntimeError: There is no current app.
    """
    try:
        app = get_app()
    except RuntimeError:
        raise RuntimeError(
            f"{call} belongs to an app, and there is no current one here: use it in a view, in a "
            "command, or within `with app.app_context():`."
        ) from None
    state: AppState | LazyState | SwitchedOff | None = app.extensions.get(EXTENSION_KEY)
    if isinstance(state, LazyState):
        state = state.load(app)
    return _current(state) if isinstance(state, AppState) else state


def _current(state: AppState) -> AppState:
    """Return a state whose settings follow changes from now on."""
    if state.live is not None:
        state.live.start()
    return state


def state_for(call: str) -> AppState | None:
    """Return the current app's state for a call that does nothing if there is none.

    Args:
        call: The name of the call, for the log.

    Raises:
        RuntimeError: There is no current app.
    """
    state = find_state(call)
    if isinstance(state, AppState):
        return state
    if isinstance(state, SwitchedOff):
        log.debug("%s does nothing: GENVORIS_ENABLED is false.", call)
    else:
        _warn_of_app(current_app.import_name, call)
    return None


@functools.lru_cache(maxsize=1000)  # once for each call of an app
def _warn_of_app(_app: str, call: str) -> None:
    log.warning("%s does nothing. %s", call, NOT_SET_UP)
