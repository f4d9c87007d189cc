"""``GenvorisFlask``: what a shop writes, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from flask import Flask

from .api.client import GenvorisClient
from .billing.desk import Billing
from .sessions.shopper import Shopper
from .settings import read_settings
from .state import EXTENSION_KEY, Hooks, get_state
from .storefront import assets, shopping, tags
from .tryon import views
from .tryon.paywall import PaywallHook
from .web.blueprints import keep_order
from .webhooks import views as webhook_views
from .webhooks.handlers import make_handler
from .wiring import build_state

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])
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
        app.extensions[EXTENSION_KEY] = build_state(
            app, settings, self._hooks, transport=transport, clock=clock
        )
        app.register_blueprint(views.blueprint, url_prefix=settings.url_prefix)
        app.register_blueprint(assets.blueprint, url_prefix=settings.url_prefix)
        app.register_blueprint(webhook_views.blueprint, url_prefix=settings.url_prefix)
        keep_order(app)
        app.jinja_env.globals["genvoris_button"] = tags.genvoris_button
        app.jinja_env.globals["genvoris_widget"] = tags.genvoris_widget
        tags.guard_pages(app)
        shopping.forget_on_logout(app)

    def shopper_loader(self, function: LoaderT) -> LoaderT:
        """Register the function that says who is shopping, or None. Default: Flask-Login."""
        self._hooks.shopper_loader = function
        return function

    def paywall(self, function: PaywallT) -> PaywallT:
        """Register the function that says what a refused shopper is offered."""
        self._hooks.paywall = function
        return function

    def on(self, event_type: str, *, background: bool = False) -> Callable[[HandlerT], HandlerT]:
        """Register a function for events from Genvoris, which takes the event.

        When it raises, the delivery is answered 500, and Genvoris delivers it again: see
        ``webhooks.events`` for the types.

        Args:
            event_type: Such as ``tryon.completed``; ``"*"`` for all. Older names
                (``end_customer.…``) stand for the new ones.
            background: For a function that takes longer than a few seconds: it runs after the
                delivery was answered, on a bounded pool, outside of any request.

        Raises:
            ValueError: The type is no text.
        """

        def register(function: HandlerT) -> HandlerT:
            self._hooks.webhook_handlers.append(make_handler(event_type, function, background))
            return function

        return register

    @property
    def client(self) -> GenvorisClient:
        """The typed REST client of the current app."""
        return get_state().client

    @property
    def billing(self) -> Billing:
        """What tells Genvoris of sales, renewals and refunds of the current app."""
        return get_state().billing

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token everywhere and revoke it, as after a sale or a log-out.

        It returns at once; Redis and Genvoris are told in the background.
        """
        get_state().broker.forget(shopper)
