"""``GenvorisFlask``: wires the rooms together, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from flask import Flask

from .api.client import GenvorisClient
from .api.http import HttpClient
from .api.models import Session
from .errors import GenvorisError
from .sessions.broker import SessionBroker
from .sessions.keys import KeySet
from .sessions.shared import NothingShared, SharedSessions
from .sessions.shopper import Shopper
from .sessions.verifier import TokenVerifier
from .settings import Settings, read_settings
from .signals import customer_linked, session_failed, session_minted
from .state import EXTENSION_KEY, AppState, Hooks, get_state
from .storefront import assets, shopping, tags
from .tryon import views
from .tryon.hosted import HostedEngine
from .tryon.jobs import JobRunner
from .tryon.paywall import PaywallHook

LoaderT = TypeVar("LoaderT", bound=Callable[[], Shopper | None])
PaywallT = TypeVar("PaywallT", bound=PaywallHook)


class GenvorisFlask:
    """Virtual try-on for a Flask shop.

    Args:
        app: The shop; leave it out and call ``init_app`` in a factory.

    Raises:
        ConfigurationError: A GENVORIS_ setting is missing or wrong.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._hooks = Hooks()
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Add routes, template functions and state to an app.

        Args:
            app: The shop. Several may be set up with one object.
            transport: What carries requests to Genvoris; for tests.
            clock: The wall clock, in Unix seconds; for tests.

        Raises:
            ConfigurationError: A GENVORIS_ setting is missing or wrong.
        """
        settings = read_settings(app.config)
        app.extensions[EXTENSION_KEY] = _build(app, settings, self._hooks, transport, clock)
        app.register_blueprint(views.blueprint, url_prefix=settings.url_prefix)
        app.register_blueprint(assets.blueprint, url_prefix=settings.url_prefix)
        app.jinja_env.globals["genvoris_button"] = tags.genvoris_button
        app.jinja_env.globals["genvoris_widget"] = tags.genvoris_widget
        app.after_request(tags.keep_page_private)
        shopping.forget_on_logout(app)

    def shopper_loader(self, function: LoaderT) -> LoaderT:
        """Register the function that says who is shopping, or None. Default: Flask-Login."""
        self._hooks.shopper_loader = function
        return function

    def paywall(self, function: PaywallT) -> PaywallT:
        """Register the function that says what a refused shopper is offered."""
        self._hooks.paywall = function
        return function

    @property
    def client(self) -> GenvorisClient:
        """The typed REST client of the current app."""
        return get_state().client

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token everywhere and revoke it, as after a sale or a log-out.

        It returns at once; Redis and Genvoris are told in the background.
        """
        get_state().broker.forget(shopper)


class _Announcer:
    """Sends the broker's news as signals, with the app as their sender."""

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


def _shared_sessions(settings: Settings, clock: Callable[[], float]) -> SharedSessions:
    if settings.store_url is None:
        return NothingShared()
    from .sessions.redis_store import RedisSessions

    return RedisSessions(settings.store_url, settings.api_key + settings.api_url, clock)


def _build(
    app: Flask,
    settings: Settings,
    hooks: Hooks,
    transport: httpx.BaseTransport | None,
    clock: Callable[[], float],
) -> AppState:
    client = GenvorisClient(settings.api_key, settings.api_url, transport=transport, now=clock)
    broker = SessionBroker(
        client,
        _Announcer(app),
        ttl=settings.session_ttl,
        default_plan=settings.default_plan,
        external_id_prefix=settings.external_id_prefix,
        max_shoppers=settings.max_shoppers,
        clock=clock,
        shared=_shared_sessions(settings, clock),
    )
    keys = KeySet(HttpClient(settings.jwks_url, {}, transport=transport))
    tryon_http = HttpClient(
        settings.tryon_url,
        {"X-API-Key": settings.api_key},
        secrets=(settings.api_key,),
        transport=transport,
    )
    return AppState(
        app=app,
        settings=settings,
        hooks=hooks,
        client=client,
        broker=broker,
        verifier=TokenVerifier(keys, settings.issuer, clock),
        engine=HostedEngine(tryon_http, settings.tryon_timeout),
        jobs=JobRunner(settings.tryon_concurrency, settings.result_ttl, clock),
        assets=assets.load_assets(),
    )
