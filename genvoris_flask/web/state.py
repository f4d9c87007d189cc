"""What one app has: its settings, hooks and parts, behind one typed accessor."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, current_app

if TYPE_CHECKING:
    from ..core.analytics.event_sender import EventSender
    from ..core.api.client import GenvorisClient
    from ..core.api.http import HttpClient
    from ..core.billing.stripe.events import StripeEvents
    from ..core.concurrency.background import BackgroundPool
    from ..core.concurrency.limits import Slots
    from ..core.products import ProductFilter
    from ..core.sessions.broker import SessionBroker
    from ..core.sessions.shopper import Shopper
    from ..core.sessions.verifier import TokenVerifier
    from ..core.storage.interface import Store
    from ..core.tryon.daily_limit import DailyLimit
    from ..core.tryon.engines.base import Engine
    from ..core.tryon.engines.custom import EngineHook
    from ..core.tryon.error_mapping import ErrorMapper
    from ..core.tryon.jobs import JobRunner
    from ..core.tryon.paywall import PaywallHook
    from ..core.webhooks.deduplication import Deduplicator
    from ..core.webhooks.handlers import Handler
    from ..settings import Settings
    from .assets import Assets
    from .billing import AppBilling
    from .proxy_watch import ProxyWatch
    from .rate_limits.limiter import Limiter

log = logging.getLogger("genvoris_flask")

EXTENSION_KEY = "genvoris"
NOT_SET_UP = (
    "genvoris-flask is not set up for this app: call GenvorisFlask(app), or genvoris.init_app(app) "
    "in your factory. Call it always; GENVORIS_ENABLED = False switches try-on off."
)


@dataclass
class Hooks:
    """The shop's own functions. Apps of one GenvorisFlask object share them."""

    shopper_loader: Callable[[], Shopper | None] | None = None
    paywall: PaywallHook | None = None
    webhook_handlers: list[Handler] = field(default_factory=list)
    tryon_engine: EngineHook | None = None
    stripe_shopper: Callable[[str], str | None] | None = None
    product_filter: ProductFilter | None = None


@dataclass(frozen=True)
class AppState:
    """The parts of one app."""

    app: Flask
    settings: Settings
    hooks: Hooks
    store: Store
    client: GenvorisClient
    broker: SessionBroker
    billing: AppBilling
    stripe: StripeEvents
    verifier: TokenVerifier
    engine: Engine
    error_mapper: ErrorMapper
    tryon_http: HttpClient
    passthrough_slots: Slots
    upload_slots: Slots
    daily_limit: DailyLimit
    jobs: JobRunner
    assets: Assets
    limiter: Limiter
    proxy_watch: ProxyWatch
    deliveries: Deduplicator
    background: BackgroundPool
    events: EventSender
    clock: Callable[[], float]
    # What the script tag says on every page, written once for each root of the shop.
    tag_parts: dict[str, dict[str, str]] = field(default_factory=dict)


class SwitchedOff:
    """Stands for the state of an app that has GENVORIS_ENABLED = False."""


class SwitchedOffError(RuntimeError):
    """The app has GENVORIS_ENABLED = False."""


def get_state(app: Flask | None = None) -> AppState:
    """Return the state of an app, or of the current one.

    Raises:
        SwitchedOffError: The app has GENVORIS_ENABLED = False.
        RuntimeError: The extension was not set up for it.
    """
    state = (app or current_app).extensions.get(EXTENSION_KEY)
    if state is None:
        raise RuntimeError(NOT_SET_UP)
    if isinstance(state, SwitchedOff):
        raise SwitchedOffError("Try-on is switched off for this app (GENVORIS_ENABLED).")
    found: AppState = state
    return found


def state_for(call: str) -> AppState | None:
    """Return the current app's state for a call that does nothing where there is none.

    Args:
        call: What was called, for the log.
    """
    state: AppState | SwitchedOff | None = current_app.extensions.get(EXTENSION_KEY)
    if isinstance(state, SwitchedOff):
        log.debug("%s does nothing: GENVORIS_ENABLED is false.", call)
        return None
    if state is None:
        _warn_of_app(current_app.import_name, call)
    return state


@functools.lru_cache(maxsize=1000)  # once for each call of an app
def _warn_of_app(_app: str, call: str) -> None:
    log.warning("%s does nothing. %s", call, NOT_SET_UP)
