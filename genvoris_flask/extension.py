"""``GenvorisFlask``, the extension object of a shop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, before_render_template

from .core.built_widget import find_folder
from .settings import is_enabled, read_settings
from .web import shopper as shopping
from .web.caching import enforce_policies
from .web.compat import with_body_limit
from .web.framing import enforce_frames
from .web.hooks import Hooks
from .web.registration import Registration
from .web.state import (
    EXTENSION_KEY,
    AppState,
    LazyState,
    SwitchedOff,
    find_state,
    get_state,
    state_for,
)
from .web.urls import register_routes
from .web.warm_up import finish_on_sigterm, is_serving, warm_up
from .web.widget_tags import TEMPLATE_FUNCTIONS, complete_templates

if TYPE_CHECKING:  # imported when they are used, so that a command needs not wait for them
    from .core.api.client import GenvorisClient
    from .core.api.models import ConversionPlatform
    from .core.api.network import Transport
    from .core.sessions import Shopper
    from .web.billing import AppBilling
    from .web.privacy import AppPrivacy


class GenvorisFlask(Registration):
    """Virtual try-on for a Flask shop.

    Args:
        app: The shop; omit it and call ``init_app`` in a factory.

    Raises:
        ConfigurationError: A setting is missing or wrong.
    """

    def __init__(self, app: Flask | None = None) -> None:
        super().__init__(Hooks())
        if app is not None:
            self.init_app(app)
        else:
            before_render_template.connect(complete_templates)

    def init_app(
        self,
        app: Flask,
        *,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Add routes, template functions and state to an app.

        Args:
            app: The shop. Several may be set up with one object.
            transport: Carries requests to Genvoris (an ``httpx.BaseTransport``); for tests.
            clock: The wall clock, in Unix seconds; for tests.

        Raises:
            ConfigurationError: A setting is missing or wrong.
        """
        app.jinja_env.globals.update(TEMPLATE_FUNCTIONS)
        if not is_enabled(app.config):
            app.extensions[EXTENSION_KEY] = SwitchedOff()
            return
        settings = read_settings(app.config)
        find_folder()  # fails now rather than on a page

        def build() -> AppState:
            # Slow to import, and many commands need no state.
            from .web.live_settings import with_live_settings
            from .web.wiring import build_state

            state = build_state(app, settings, self._hooks, transport=transport, clock=clock)
            return with_live_settings(state)

        app.extensions[EXTENSION_KEY] = LazyState(build)
        app.request_class = with_body_limit(app.request_class)
        if settings.queue == "celery":
            from .web.queues import celery  # noqa: F401  (registers the task of its workers)
        register_routes(app, settings)
        enforce_policies(app)
        enforce_frames(app)
        shopping.forget_on_logout(app)
        if settings.erase_on_logout or settings.erase_deleted_users:
            from .web.privacy import erase_when_asked

            erase_when_asked(
                app,
                on_logout=settings.erase_on_logout,
                deleted_users=settings.erase_deleted_users,
            )
        if transport is None and is_serving():
            warm_up(app)
            finish_on_sigterm()

    def conversion(
        self,
        order_id: str | int,
        amount_cents: int,
        *,
        currency: str | None = None,
        quantity: int | None = None,
        product_id: str | None = None,
        product_title: str | None = None,
        customer_email: str | None = None,
        session_id: str | None = None,
        attribution_window_minutes: int | None = None,
        platform: ConversionPlatform = "custom",
        session: Any = None,
        holdout_mark: str | None = None,
    ) -> None:
        """Report an order to Genvoris, which finds out whether a try-on led to it.

        This returns at once and never raises because of Genvoris or a wrong amount: a report that
        cannot be sent is one error in the log. Reporting an order twice counts it once.

        Args:
            order_id: The shop's own id of the order.
            amount_cents: The amount paid, in the currency's minor unit: 4990 for 49.90 EUR, and
                4990 for 4,990 JPY, which has none.
            currency: An ISO 4217 code, such as ``EUR``.
            quantity: The number of items.
            product_id: The shop's id of the product.
            product_title: Its title.
            customer_email: The shopper's address, which is sent only if it is passed here.
            session_id: The widget's id of the visit. Defaults to this request's. In a payment
                provider's request, pass the ``widget_session_id`` that you stored with the order.
            attribution_window_minutes: How long after a try-on an order counts.
            platform: The platform that the shop runs on.
            session: The shop's SQLAlchemy session, such as ``db.session``: with a ledger in the
                same database, the report is part of its transaction.
            holdout_mark: With GENVORIS_HOLDOUT, the ``holdout_mark`` that you stored with the
                order. Defaults to this request's.
        """
        state = state_for("genvoris.conversion()")
        if state is None:
            return
        from .web import attribution
        from .web.figures import count_order

        fields = {
            "currency": currency,
            "quantity": quantity,
            "product_id": product_id,
            "product_title": product_title,
            "customer_email": customer_email,
            "session_id": session_id or attribution.widget_session_id(),
            "attribution_window_minutes": attribution_window_minutes,
            "platform": platform,
        }
        if attribution.send_conversion(order_id, amount_cents, fields, session):
            count_order(order_id, amount_cents, fields, holdout_mark, state, session)

    def returned(
        self,
        order_id: str | int,
        refunded_amount_cents: int,
        *,
        currency: str | None = None,
        reason: str | None = None,
        platform: ConversionPlatform = "custom",
        session: Any = None,
    ) -> None:
        """Report to Genvoris that an order, or a part of it, was returned.

        Like ``conversion``, this returns at once and never raises. Each report counts, so it is
        sent again only if the first one surely had no effect.

        Args:
            order_id: The order's id, as passed to ``conversion``.
            refunded_amount_cents: The amount paid back, in the currency's minor unit.
            currency: An ISO 4217 code, such as ``EUR``.
            reason: The reason, in words or as a code of the shop.
            platform: The platform that the shop runs on.
            session: The shop's SQLAlchemy session, as for ``conversion``.
        """
        state = state_for("genvoris.returned()")
        if state is None:
            return
        from .web import attribution
        from .web.figures import count_return

        fields = {"currency": currency, "reason": reason, "platform": platform}
        if attribution.send_return(order_id, refunded_amount_cents, fields, session):
            count_return(order_id, refunded_amount_cents, platform, state, session)

    @property
    def widget_session_id(self) -> str | None:
        """The widget's id of this visit, which links an order to a try-on; None without one."""
        from .web.attribution import widget_session_id

        return widget_session_id()

    @property
    def holdout_mark(self) -> str | None:
        """This visitor's mark in the hold-out, to be stored with an order; None without one."""
        state = state_for("genvoris.holdout_mark")
        if state is None:
            return None
        from .web.holdout import visitor_mark

        return visitor_mark(state)

    @property
    def client(self) -> GenvorisClient:
        """The typed REST client of the current app.

        If GENVORIS_ENABLED is false, every call returns None.

        Raises:
            RuntimeError: There is no current app, or it was never set up.
        """
        if isinstance(find_state("genvoris.client"), SwitchedOff):
            from .web.billing import NoCalls

            return cast("GenvorisClient", NoCalls("genvoris.client"))
        return get_state().client

    @property
    def billing(self) -> AppBilling:
        """The calls that report sales, renewals and refunds of the current app to Genvoris.

        If GENVORIS_ENABLED is false, they do nothing, and those for a customer return None.

        Raises:
            RuntimeError: There is no current app, or it was never set up: no sale is lost silently.
        """
        if isinstance(find_state("genvoris.billing"), SwitchedOff):
            from .web.billing import NoBilling

            return cast("AppBilling", NoBilling("genvoris.billing"))
        return get_state().billing

    @property
    def privacy(self) -> AppPrivacy:
        """The calls that export and erase what is known of a shopper of the current app.

        If GENVORIS_ENABLED is false, they do nothing.

        Raises:
            RuntimeError: There is no current app, or it was never set up.
        """
        if isinstance(find_state("genvoris.privacy"), SwitchedOff):
            from .web.billing import NoCalls

            return cast("AppPrivacy", NoCalls("genvoris.privacy"))
        from .web.privacy import AppPrivacy

        return AppPrivacy(get_state())

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token everywhere and revoke it, as after a sale or a log-out.

        This returns at once; Redis and Genvoris are updated in the background.
        """
        if state := state_for("genvoris.forget()"):
            state.broker.forget(shopper)
