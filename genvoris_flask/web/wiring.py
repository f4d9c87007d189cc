"""Makes the parts of one app from its settings."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask

from ..core.analytics import EventSender
from ..core.api.client import GenvorisClient
from ..core.api.fetch import PictureFetcher
from ..core.api.http import HttpClient, Observe
from ..core.api.network import Transport
from ..core.billing.accounts import BillingParts
from ..core.billing.plan_catalog import PlanService
from ..core.concurrency.limits import Slots
from ..core.figures.recorder import Recorder
from ..core.pacing import Pace, Priority
from ..core.sessions import Shopper
from ..core.sessions.broker import SessionBroker
from ..core.sessions.cache import NullSharedSessions, StoredSessions
from ..core.sessions.known import KnownShoppers
from ..core.sessions.verifier import JwksCache, TokenVerifier
from ..core.tryon.burn_guard import BurnGuard
from ..core.tryon.daily_limit import DailyLimit
from ..core.tryon.engines.hosted import HostedEngine
from ..core.tryon.error_mapping import ErrorMapper
from ..core.webhooks.handling import Deduplicator
from ..settings import Settings
from . import assets
from .billing import AppBilling, RequestCalls
from .callbacks import AppSignals
from .checkout import stripe_checkout
from .client_address import ProxyWatch
from .hooks import Hooks
from .outbox import deliveries, durable, open_outbox, revoker, runs_at_once
from .pacing import make_pace
from .queues import open_jobs
from .rate_limits import make_limiter
from .routes import stripe as stripe_routes
from .routes.claims import claim_url
from .state import AppState, get_state
from .storage import Storage, open_handovers, open_storage, secrets_as_bytes
from .warm_up import check_environment

if TYPE_CHECKING:  # slow to import, and few shops have both
    from ..core.billing.stripe.checkout import CheckoutSessions
    from ..core.ledger.figures import FigureTable
    from ..core.ledger.service import Ledger
    from ..core.outbox.messages import Outbox
    from ..core.privacy.consents import ConsentStore
    from .metrics import Metrics
    from .sales import CurrentStripe

log: logging.Logger = logging.getLogger("genvoris_flask")


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
    return _Wiring(app, settings, hooks, transport, clock).state()


@dataclass
class _Wiring:
    """Makes the parts of one app, each of which is made once and given to others that need it."""

    app: Flask
    settings: Settings
    hooks: Hooks
    transport: Transport | None
    clock: Callable[[], float]

    def state(self) -> AppState:
        settings, store = self.settings, self._storage.store
        consents, figures = self._records
        jwks = HttpClient(settings.jwks_url, {}, transport=self.transport)
        return AppState(
            app=self.app,
            settings=settings,
            hooks=self.hooks,
            store=store,
            client=self._client,
            pace=self._pace,
            broker=self._broker,
            billing=self._billing,
            checkout_sessions=lambda: self._checkout_sessions,
            apply_stripe_event=lambda event: self._stripe.apply(event),
            end_grace=lambda external_id: self._stripe.end_grace(external_id),
            verifier=TokenVerifier(JwksCache(jwks), settings.issuer, self.clock),
            engine=self._make_engine(),
            spending=self._ledger,
            consents=consents,
            database=self._ledger.database if self._ledger else None,
            figures=figures,
            recorder=Recorder(figures, self.clock, runs_at_once) if figures else None,
            lift_ceiling=self._lift_ceiling,
            error_mapper=ErrorMapper(self._client, self._broker, self._signals.refused),
            tryon_http=self._tryon_http,
            passthrough_slots=Slots(settings.tryons_per_shopper, settings.passthrough_concurrency),
            upload_slots=Slots(settings.tryons_per_shopper),
            daily_limit=self._daily_limit,
            burn_guard=self._burn_guard,
            jobs=open_jobs(self.app, settings, self._storage, self._daily_limit, self.clock),
            handovers=open_handovers(self.settings, self._storage, self.clock),
            assets=assets.load_assets(),
            deliveries=Deduplicator(store, self._ledger.handled if self._ledger else None),
            outbox=self._outbox,
            events=EventSender(self._client.events.send, durable(self._outbox)),
            clock=self.clock,
            limiter=make_limiter(settings, self._storage.windows),
            proxy_watch=ProxyWatch(store),
            metrics=self._metrics,
        )

    @functools.cached_property
    def _metrics(self) -> Metrics | None:
        if not self.settings.metrics:
            return None
        from .metrics import Metrics  # imports prometheus-client, an extra

        return Metrics(
            self.app,
            self.settings.metrics,
            load=lambda: get_state(self.app).jobs.load(),
            circuit=lambda: self._broker.circuit,
        )

    @property
    def _observe(self) -> Observe | None:
        return self._metrics.observe if self._metrics else None

    @functools.cached_property
    def _client(self) -> GenvorisClient:
        settings = self.settings
        return GenvorisClient(
            settings.api_key,
            settings.api_url,
            settings.tryon_url,
            transport=self.transport,
            now=self.clock,
            observe=self._observe,
            pace=self._pace,
        )

    @functools.cached_property
    def _pace(self) -> Pace:
        return make_pace(self.settings, lambda: self._storage, self.clock)

    @functools.cached_property
    def _storage(self) -> Storage:
        return open_storage(self.app, self.settings, self._client, self.clock)

    @functools.cached_property
    def _plans(self) -> PlanService:
        settings = self.settings
        return PlanService(self._client, self._storage.store, settings.plans, settings.default_plan)

    @functools.cached_property
    def _broker(self) -> SessionBroker:
        settings, storage = self.settings, self._storage
        # A store of this process alone has nothing that the broker's own memory does not.
        is_shared = settings.store_url is not None
        return SessionBroker(
            self._client,
            self._signals,
            ttl=settings.session_ttl,
            default_plan=self._plans.unlimited if settings.has_ledger else settings.default_plan,
            external_id_prefix=settings.external_id_prefix,
            max_shoppers=settings.max_shoppers,
            page_budget=settings.page_budget,
            clock=self.clock,
            revoke=revoker(durable(self._outbox)),
            at_once=runs_at_once,
            shared=StoredSessions(storage.store, storage.sealer, self.clock)
            if is_shared
            else NullSharedSessions(),
            known=self._known,
        )

    @functools.cached_property
    def _known(self) -> KnownShoppers:
        return KnownShoppers(self._storage.store, self._pace)

    def _link(self, shopper: Shopper, customer_id: str) -> None:
        self._known.add(shopper.external_id)
        self._signals.linked(shopper, customer_id)

    @functools.cached_property
    def _ledger(self) -> Ledger | None:
        if not self.settings.has_ledger:
            return None
        from .ledger import open_ledger  # imports SQLAlchemy, an extra

        secrets = functools.partial(secrets_as_bytes, self.app, self.settings)
        return open_ledger(self.app, self.settings, secrets, self.clock)

    @functools.cached_property
    def _outbox(self) -> Outbox:
        prefix, clock = self.settings.external_id_prefix, self.clock
        deliver = deliveries(self.app, self._client, self.hooks, prefix=prefix, clock=clock)
        return open_outbox(self.settings, deliver, self._ledger, self._storage, clock)

    @functools.cached_property
    def _billing(self) -> AppBilling:
        settings = self.settings
        parts: BillingParts = {
            "client": self._client,
            "store": self._storage.store,
            "tokens": self._broker,
            "on_linked": self._link,
            "declared": settings.plans,
            "default_plan": settings.default_plan,
            "clock": self.clock,
        }
        web = RequestCalls(stripe_routes.receive, stripe_checkout, claim_url)
        if self._ledger is None:
            return AppBilling(web=web, **parts)
        from .ledger import AppLedgerBilling, terms_of  # imports SQLAlchemy, an extra

        terms = terms_of(settings)
        return AppLedgerBilling(web=web, ledger=self._ledger, terms=terms, **parts)

    @functools.cached_property
    def _checkout_sessions(self) -> CheckoutSessions:
        from ..core.billing.stripe.checkout import open_checkouts  # slow to import

        return open_checkouts(self.settings.stripe_api_key)

    @functools.cached_property
    def _stripe(self) -> CurrentStripe:
        from .sales import CurrentStripe, open_sales  # slow to import; few shops need them

        parts = self._billing, self._ledger, self._plans, self._storage.store, self.clock
        return CurrentStripe(self.app, self.hooks, lambda each: open_sales(each, *parts))

    @functools.cached_property
    def _tryon_http(self) -> HttpClient:
        url, key, pace = self.settings.tryon_url, self.settings.api_key, self._pace
        transport, observe = self.transport, self._observe
        http = HttpClient(
            url, {"X-API-Key": key}, secrets=(key,), transport=transport, observe=observe, pace=pace
        )
        return http.with_priority(Priority.SHOPPER)

    @functools.cached_property
    def _signals(self) -> AppSignals:
        return AppSignals(self.app)

    @functools.cached_property
    def _daily_limit(self) -> DailyLimit:
        return DailyLimit(self._storage.store, self.clock)

    @functools.cached_property
    def _records(self) -> tuple[ConsentStore | None, FigureTable | None]:
        if self._ledger is None:
            return None, None
        from .ledger import open_records  # imports SQLAlchemy, an extra

        return open_records(self._ledger.database, self.clock)

    @functools.cached_property
    def _burn_guard(self) -> BurnGuard:
        store, is_on = self._storage.store, self.settings.burn_guard
        return BurnGuard(store, self.clock, self._signals.burning, is_on=is_on)

    def _make_engine(self) -> HostedEngine:
        settings, transport = self.settings, self.transport
        key = {"X-API-Key": settings.api_key}
        hosts, report = settings.result_hosts, self._burn_guard.report
        fetcher = PictureFetcher(settings.tryon_url, key, hosts, transport=transport)
        return HostedEngine(self._tryon_http, fetcher, settings.tryon_timeout, report)

    def _lift_ceiling(self, shopper: Shopper) -> None:
        """Put a shopper whom Genvoris refuses on the plan that refuses nobody."""
        self._plans.lift_ceiling(self._broker.customer_id(shopper))
        self._broker.forget(shopper)
