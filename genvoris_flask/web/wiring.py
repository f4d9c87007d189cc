"""Makes the parts of one app from its settings."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from ..core.analytics.event_sender import EventSender
from ..core.api.client import GenvorisClient
from ..core.api.environment import find_fault
from ..core.api.fetch import PictureFetcher
from ..core.api.http import HttpClient
from ..core.api.models import Session
from ..core.api.network import Transport
from ..core.billing.plan_catalog import PlanService
from ..core.concurrency.background import BackgroundPool
from ..core.concurrency.limits import Slots
from ..core.handover import Handovers
from ..core.ledger.models import Spending
from ..core.sessions.broker import SessionBroker
from ..core.sessions.jwks import JwksCache
from ..core.sessions.shared import NullSharedSessions, StoredSessions
from ..core.sessions.shopper import Shopper
from ..core.sessions.verifier import TokenVerifier
from ..core.storage.interface import NoSealer, Sealer, Store
from ..core.storage.memory_store import MemoryStore
from ..core.tryon.daily_limit import DailyLimit
from ..core.tryon.engines.hosted import HostedEngine
from ..core.tryon.error_mapping import ErrorMapper
from ..core.tryon.jobs.local import LocalJobQueue
from ..core.tryon.paywall import Refusal
from ..core.webhooks.deduplication import Deduplicator
from ..errors import GenvorisError
from ..settings import Settings
from ..signals import (
    credits_depleted,
    customer_linked,
    quota_exhausted,
    session_failed,
    session_minted,
)
from . import assets
from .billing import AppBilling
from .client_address import ProxyWatch
from .hooks import Hooks
from .rate_limits.limiter import Limiter, Windows
from .routes import stripe as stripe_routes
from .state import AppState
from .tryon_runner import run_tryon

log = logging.getLogger("genvoris_flask")

# Seconds that a try-on needs beside its engine: token, usage, metering, fetching the picture.
RUNTIME_MARGIN = 60.0
# Seconds for fetching the plans of an account, which identify it under a new key; once for a key.
PLANS_TIMEOUT = 3.0
# Of photos on their way from phones to dialogs, while there is no Redis.
HANDOVER_BYTES = 64 * 1024 * 1024


def build_state(
    app: Flask,
    settings: Settings,
    hooks: Hooks,
    *,
    transport: Transport | None,
    clock: Callable[[], float],
) -> AppState:
    """Make the parts of one app.

    Args:
        app: The shop.
        settings: Its settings.
        hooks: Its own functions.
        transport: Carries requests to Genvoris instead of sockets; for tests.
        clock: The wall clock, in Unix seconds.

    Raises:
        ConfigurationError: This installation cannot do what a setting asks for.
    """
    if transport is None:
        check_environment(settings, load=False)
    tryon_http = _make_tryon_http(settings, transport)
    client = GenvorisClient(
        settings.api_key, settings.api_url, settings.tryon_url, transport=transport, now=clock
    )
    shared = _open_shared(app, settings, client, clock)
    store = shared.store
    plans = PlanService(client, store, settings.plans, settings.default_plan)
    broker = _make_broker(app, settings, shared, client, plans, clock)
    ledger = _open_ledger(app, settings, clock)
    billing = _make_billing(app, settings, store, client, broker, ledger, clock)
    keys = JwksCache(HttpClient(settings.jwks_url, {}, transport=transport))
    daily_limit = DailyLimit(store, clock)
    return AppState(
        app=app,
        settings=settings,
        hooks=hooks,
        store=store,
        client=client,
        broker=broker,
        billing=billing,
        apply_stripe_event=_make_stripe(settings, hooks, billing, store),
        verifier=TokenVerifier(keys, settings.issuer, clock),
        engine=_make_engine(settings, tryon_http, transport),
        spending=ledger,
        lift_ceiling=functools.partial(_lift_ceiling, client, broker, plans),
        error_mapper=ErrorMapper(client, broker, _Signals(app).refused),
        tryon_http=tryon_http,
        passthrough_slots=Slots(settings.tryons_per_shopper, settings.passthrough_concurrency),
        upload_slots=Slots(settings.tryons_per_shopper),
        daily_limit=daily_limit,
        jobs=_make_jobs(app, settings, shared, daily_limit, clock),
        handovers=_make_handovers(settings, shared, clock),
        assets=assets.load_assets(),
        deliveries=Deduplicator(store),
        background=BackgroundPool(),
        events=EventSender(client.events.send),
        clock=clock,
        limiter=_make_limiter(settings, shared.windows),
        proxy_watch=ProxyWatch(store),
    )


def check_environment(settings: Settings, *, load: bool) -> None:
    """Log what keeps this machine from reaching Genvoris. The shop's own pages work without it."""
    for url in (settings.api_url, settings.tryon_url, settings.jwks_url):
        if fault := find_fault(url, load=load):
            _log_environment_fault(fault)


@functools.cache  # once
def _log_environment_fault(fault: str) -> None:
    log.error("Genvoris cannot be reached from this machine, so nobody can try on. %s", fault)


def _make_jobs(
    app: Flask,
    settings: Settings,
    shared: _Shared,
    daily_limit: DailyLimit,
    clock: Callable[[], float],
) -> LocalJobQueue:
    return LocalJobQueue(
        shared.store,
        functools.partial(run_tryon, app),
        daily_limit.without_picture,
        concurrency=settings.tryon_concurrency,
        per_owner=settings.tryons_per_shopper,
        ttl=settings.result_ttl,
        max_runtime=settings.tryon_timeout + RUNTIME_MARGIN,
        clock=clock,
        sealer=shared.sealer,
    )


def _make_handovers(settings: Settings, shared: _Shared, clock: Callable[[], float]) -> Handovers:
    if settings.store_url is not None:
        return Handovers(shared.store, shared.sealer, clock)
    # Memory of their own: phones that send photos must not push finished pictures out.
    return Handovers(MemoryStore(clock, max_large=HANDOVER_BYTES), NoSealer(), clock)


def _make_billing(
    app: Flask,
    settings: Settings,
    store: Store,
    client: GenvorisClient,
    broker: SessionBroker,
    ledger: Spending | None,
    clock: Callable[[], float],
) -> AppBilling:
    parts = (client, store, broker, _Signals(app).linked)
    options: dict[str, Any] = {
        "declared": settings.plans,
        "default_plan": settings.default_plan,
        "clock": clock,
        "stripe_view": stripe_routes.receive,
    }
    if ledger is None:
        return AppBilling(*parts, **options)
    from .ledger import AppLedgerBilling  # imports SQLAlchemy, an extra

    return AppLedgerBilling(*parts, ledger=ledger, credit_days=settings.credit_days, **options)


def _open_ledger(app: Flask, settings: Settings, clock: Callable[[], float]) -> Spending | None:
    if not settings.has_ledger:
        return None
    from .ledger import open_ledger  # imports SQLAlchemy, an extra

    def secret() -> bytes:
        first = _secrets(app, settings)[0]
        return first.encode() if isinstance(first, str) else first

    return open_ledger(app, settings, secret, clock)


def _lift_ceiling(
    client: GenvorisClient, broker: SessionBroker, plans: PlanService, shopper: Shopper
) -> None:
    """Put a shopper whom Genvoris refuses on the plan that refuses nobody."""
    customer_id = broker.customer_id(shopper)
    client.customers.update(
        customer_id, plan_id=plans.unlimited(), status="ACTIVE", reset_period=True
    )
    broker.forget(shopper)


def _make_stripe(
    settings: Settings, hooks: Hooks, billing: AppBilling, store: Store
) -> Callable[[Mapping[str, Any]], str]:
    def shopper_of(customer: str) -> str | None:
        return hooks.stripe_shopper(customer) if hooks.stripe_shopper else None

    @functools.cache
    def load() -> Callable[[Mapping[str, Any]], str]:
        # Slow to import, and of no use to a shop without Stripe.
        from ..core.billing.stripe.events import StripeEvents
        from ..core.billing.stripe.lookup import open_lookup

        events = StripeEvents(
            billing,
            store,
            shopper_of,
            open_lookup(settings.stripe_api_key),
            default_plan=settings.default_plan,
            metadata_only=settings.stripe_metadata_only,
        )
        return events.apply

    return lambda event: load()(event)


def _make_limiter(settings: Settings, shared: Windows | None) -> Limiter:
    rates = {
        "session": settings.limit_session,
        "status": settings.limit_session,
        "tryons": settings.limit_tryons,
        "handovers": settings.limit_tryons,
        "phone": settings.limit_session,
        "events": settings.limit_events,
        "webhook": settings.limit_webhook,
    }
    return Limiter(rates, shared)


@dataclass(frozen=True)
class _Shared:
    """Where values are stored and sealed, and calls counted, for all processes or for this one."""

    store: Store
    sealer: Sealer = field(default_factory=NoSealer)
    windows: Windows | None = None


def _open_shared(
    app: Flask, settings: Settings, client: GenvorisClient, clock: Callable[[], float]
) -> _Shared:
    if settings.store_url is None:
        return _Shared(MemoryStore(clock))
    # Redis is an extra; the check of the setting made sure that it is installed.
    from ..core.storage.namespace import Namespace, Shop
    from ..core.storage.redis_connection import RedisConnection
    from ..core.storage.redis_store import RedisStore
    from ..core.storage.sealing import SecretSealer
    from .rate_limits.redis import RedisWindows

    connection = RedisConnection(settings.store_url)
    shop = Shop(
        settings.api_key, settings.api_url, settings.external_id_prefix, settings.store_namespace
    )
    namespace = Namespace(shop, lambda: _plan_ids(client))
    store = RedisStore(connection, namespace)
    sealer = SecretSealer(lambda: _secrets(app, settings))
    return _Shared(store, sealer, RedisWindows(connection, namespace.find))


def _plan_ids(client: GenvorisClient) -> list[str]:
    plans = client.with_timeout(PLANS_TIMEOUT).plans
    return [plan.id for plan in plans.list(include_inactive=True)]


def _secrets(app: Flask, settings: Settings) -> list[str | bytes]:
    """Return the secrets to seal with, read each time since an app may set its key late."""
    if not app.secret_key:
        return [settings.api_key]
    return [app.secret_key, *(app.config.get("SECRET_KEY_FALLBACKS") or ())]


def _make_tryon_http(settings: Settings, transport: Transport | None) -> HttpClient:
    key = {"X-API-Key": settings.api_key}
    return HttpClient(settings.tryon_url, key, secrets=(settings.api_key,), transport=transport)


def _make_engine(settings: Settings, http: HttpClient, transport: Transport | None) -> HostedEngine:
    key = {"X-API-Key": settings.api_key}
    fetcher = PictureFetcher(settings.tryon_url, key, settings.result_hosts, transport=transport)
    return HostedEngine(http, fetcher, settings.tryon_timeout)


def _make_broker(
    app: Flask,
    settings: Settings,
    shared: _Shared,
    client: GenvorisClient,
    plans: PlanService,
    clock: Callable[[], float],
) -> SessionBroker:
    # A store of this process alone has nothing that the broker's own memory does not.
    is_shared = settings.store_url is not None
    return SessionBroker(
        client,
        _Signals(app),
        ttl=settings.session_ttl,
        default_plan=plans.unlimited if settings.has_ledger else settings.default_plan,
        external_id_prefix=settings.external_id_prefix,
        max_shoppers=settings.max_shoppers,
        clock=clock,
        shared=StoredSessions(shared.store, shared.sealer, clock)
        if is_shared
        else NullSharedSessions(),
    )


class _Signals:
    """Sends what happens to shoppers as signals of the app."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def minted(self, shopper: Shopper, session: Session) -> None:
        with self._app.app_context():
            session_minted.send(self._app, shopper=shopper, session=session)

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        with self._app.app_context():
            session_failed.send(self._app, shopper=shopper, error=error)

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        with self._app.app_context():
            customer_linked.send(self._app, shopper=shopper, customer_id=customer_id)

    def refused(self, refusal: Refusal) -> None:
        # Already in a context: a request's, or that of a try-on's thread.
        signal = credits_depleted if refusal.kind == "unavailable" else quota_exhausted
        signal.send(self._app, refusal=refusal)
