"""What ``core`` calls in an app, with the app's context: signals, and the making of a try-on."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable

from flask import Flask

from ..core.api.models import Session
from ..core.images.photos import Picture
from ..core.ledger.models import ExpiryNotice, Spending
from ..core.sessions import Shopper
from ..core.tryon.burn_guard import BurnNotice, Paused, Tier
from ..core.tryon.engines import Engine, TokenSource, make_tryon
from ..core.tryon.engines.custom import CustomEngine
from ..core.tryon.engines.guarded import GuardedEngine
from ..core.tryon.engines.ledger import LedgerEngine, UnlimitedEngine
from ..core.tryon.models import Outcome, TryOnRequest
from ..core.tryon.paywall import Refusal
from ..core.tryon.spending import Spender
from ..errors import GenvorisError, LedgerUnavailableError
from ..signals import (
    credits_burning,
    credits_depleted,
    credits_expiring,
    customer_linked,
    quota_exhausted,
    refund_due,
    session_failed,
    session_minted,
)
from .alerts import put_alert
from .figures import counted
from .state import AppState, get_state

log: logging.Logger = logging.getLogger("genvoris_flask")


_BURNING = (
    "%d of %d credits were spent in the last half hour. Genvoris suspends a shop that spends all "
    "of them. %s"
)
_PAUSED: dict[Paused, str] = {
    "nobody": "No try-ons are paused yet.",
    "guests": "Guests' try-ons are paused.",
    "free": "Guests' and free try-ons are paused.",
    "all": "All try-ons are paused.",
}


class AppSignals:
    """Listens to the parts of an app. Receivers run in the app's context, on any thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def minting(self, shopper: Shopper) -> None:
        """Pause a shopper whose payment is overdue for too long.

        At the next request Genvoris begins a period for everybody who is active, paid for or not.
        """
        settings = get_state(self._app).settings
        if settings.has_ledger or not settings.stripe_webhook_secret:
            return
        try:
            get_state(self._app).end_grace(shopper.external_id)
        except GenvorisError as error:
            log.warning("Whether a payment is overdue could not be told to Genvoris: %s", error)

    def minted(self, shopper: Shopper, session: Session) -> None:
        """Send ``session_minted``."""
        with self._app.app_context():
            session_minted.send(self._app, shopper=shopper, session=session)

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        """Send ``session_failed``."""
        with self._app.app_context():
            session_failed.send(self._app, shopper=shopper, error=error)

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        """Send ``customer_linked``."""
        with self._app.app_context():
            customer_linked.send(self._app, shopper=shopper, customer_id=customer_id)

    def refused(self, refusal: Refusal) -> None:
        """Send ``credits_depleted`` or ``quota_exhausted``."""
        # Already in a context: a request's, or that of a try-on's thread.
        signal = credits_depleted if refusal.kind == "unavailable" else quota_exhausted
        signal.send(self._app, refusal=refusal)

    def burning(self, notice: BurnNotice) -> None:
        """Tell the owner how fast credits are spent: log, GENVORIS_ALERT_URL and a signal."""
        words = (notice.spent, notice.pool, _PAUSED[notice.paused])
        log.warning(_BURNING, *words)
        state = get_state(self._app)
        if state.settings.alert_url:
            put_alert(state.outbox, notice, _BURNING % words, state.clock())
        try:
            with self._app.app_context():
                credits_burning.send(self._app, notice=notice)
        except Exception:  # the shop's own code must not break the try-on
            log.exception("A receiver of credits_burning failed")

    def expiring(self, notices: Iterable[ExpiryNotice]) -> None:
        """Send ``credits_expiring`` for each notice; a receiver that fails is logged."""
        for notice in notices:
            try:
                credits_expiring.send(self._app, notice=notice)
            except Exception:  # the shop's own code must not break the dialog
                log.exception("A receiver of credits_expiring failed")

    def refund_due(self, shopper: Shopper, sale: str) -> None:
        """Send ``refund_due``."""
        refund_due.send(self._app, shopper=shopper, sale=sale)


def run_tryon(app: Flask, request: TryOnRequest) -> Outcome:
    """Make a try-on within the app's context, as the shop's code needs, and mark its picture."""
    with app.app_context():
        state = get_state()
        run = counted(state, functools.partial(_run_tryon, state))
        return (state.metrics.timed(run) if state.metrics else run)(request)


def _run_tryon(state: AppState, request: TryOnRequest) -> Outcome:
    tokens = TokenSource(state.broker, request.shopper)
    outcome = make_tryon(request, _engine(state), tokens, state.error_mapper)
    if isinstance(outcome, Picture):
        return state.settings.picture_mark.apply(outcome)
    return outcome


def _engine(state: AppState) -> Engine:
    engine = _maker(state)
    if state.spending is None:
        return engine
    engine = UnlimitedEngine(engine, state.lift_ceiling)
    spender = open_spender(state)
    return engine if spender is None else LedgerEngine(engine, spender)


def open_spender(state: AppState) -> Spender | None:
    """Return what takes each try-on from the ledger; None if none is taken from one."""
    if state.spending is None or state.settings.is_free:
        return None
    return Spender(state.spending, AppSignals(state.app).refund_due)


def _maker(state: AppState) -> Engine:
    """Return what makes the picture: Genvoris, or the shop's own function."""
    engine = state.engine
    if state.hooks.tryon_engine is not None:
        engine = CustomEngine(
            state.hooks.tryon_engine,
            state.client,
            state.broker,
            state.settings.tryon_timeout,
            report=state.burn_guard.report,
        )
    guard = state.burn_guard
    return GuardedEngine(engine, guard, lambda request: tier_of(state, request.shopper))


def tier_of(state: AppState, shopper: Shopper | None) -> Tier:
    """Return whom a try-on is for: a guest, somebody who gets it free, or somebody who pays."""
    if shopper is None:
        return "guest"
    if state.settings.is_free:
        return "free"
    if state.spending is not None:
        return _tier_in_ledger(state.spending, shopper)
    session = state.broker.cached(shopper)
    plan_id = session.plan_id if session else None
    default = state.settings.default_plan
    return "free" if default is not None and plan_id in (None, default) else "paying"


def _tier_in_ledger(spending: Spending, shopper: Shopper) -> Tier:
    try:
        balance = spending.balance(shopper.external_id, verified_email=shopper.verified_email)
    except LedgerUnavailableError:
        return "paying"
    lot = next((each for each in balance.lots if each.available), None)
    return "free" if lot is not None and lot.is_free else "paying"
