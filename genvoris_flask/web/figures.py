"""Counts what happens in a shop with a database, and keeps its orders without their buyers.

Nothing here waits, apart from an order in the shop's own transaction, and nothing raises: figures
never break a page, a try-on or a checkout.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from flask import Flask

from ..core.api.models import Event
from ..core.figures.export import as_currency
from ..core.figures.report import EVENT_COUNTS, ReportedOrder
from ..core.images.photos import Picture
from ..core.products import Product
from ..core.ratings import Rating
from ..core.tryon.jobs import Run
from ..core.tryon.models import (
    Failure,
    Outcome,
    TryOnCancelledError,
    TryOnPostponedError,
    TryOnRequest,
)
from ..core.tryon.paywall import Refusal
from ..errors import LedgerUnavailableError
from .holdout import read_visitor
from .state import AppState, get_state

log: logging.Logger = logging.getLogger("genvoris_flask.figures")


def count_events(state: AppState, events: Sequence[Event]) -> None:
    """Count what a shopper did with the widget."""
    if state.recorder is None:
        return
    for event in events:
        if name := EVENT_COUNTS.get(event.event_type):
            state.recorder.add(name, event.product_id or event.product_title, event.product_title)


def count_rating(state: AppState, rating: Rating) -> None:
    """Keep what a shopper thinks of a picture; a later rating replaces the earlier one."""
    if state.recorder is not None:
        state.recorder.add_opinion(
            rating.tryon_id,
            rating.product_id or rating.product_title,
            rating.product_title,
            is_liked=rating.liked,
            reasons=rating.reasons,
        )


def counted(state: AppState, run: Run) -> Run:
    """Return a function that makes try-ons, and counts them and how long they take."""
    recorder = state.recorder
    if recorder is None:
        return run

    def make(request: TryOnRequest) -> Outcome:
        started = time.monotonic()
        try:
            outcome = run(request)
        except (TryOnPostponedError, TryOnCancelledError):
            raise
        except Exception:
            recorder.add("failed:internal_error")
            raise
        if isinstance(outcome, Picture):
            count_picture(state, request.product, time.monotonic() - started)
        else:
            count_no_picture(state, outcome)
        return outcome

    return make


def count_picture(state: AppState, product: Product, seconds: float | None = None) -> None:
    """Count a picture that was made, and how long it took if that is known."""
    if state.recorder is not None:
        state.recorder.add("tried", product.id or product.title, product.title)
        if seconds is not None:
            state.recorder.add_time(seconds)


def count_no_picture(state: AppState, outcome: Failure | Refusal) -> None:
    """Count a try-on without a picture, by its reason."""
    if state.recorder is None:
        return
    if isinstance(outcome, Failure):
        state.recorder.add(f"failed:{outcome.error}")
    else:
        state.recorder.add(f"refused:{outcome.reason}")


def count_failure(app: Flask, failure: Failure) -> None:
    """Count a failure that was found outside of the function that makes try-ons."""
    count_no_picture(get_state(app), failure)


def count_order(
    order_id: str | int,
    amount: int,
    fields: dict[str, Any],
    holdout_mark: str | None,
    state: AppState,
    session: Any,
) -> None:
    """Keep an order that followed a visit to the dialog, or was placed by a marked visitor.

    Args:
        order_id: The shop's id of the order.
        amount: What was paid, in the currency's minor unit.
        fields: As for ``attribution.send_conversion``.
        holdout_mark: The visitor's mark, as the shop has stored it with the order.
        state: The state of the current app.
        session: The shop's SQLAlchemy session, to share its transaction.
    """
    if state.figures is None or state.recorder is None:
        return
    mark = read_visitor(state, holdout_mark)
    is_attributed = fields.get("session_id") is not None
    if mark is None and not is_attributed:
        return
    order = ReportedOrder(
        platform=fields["platform"],
        id=str(order_id),
        day=state.recorder.today(),
        currency=as_currency(fields.get("currency")),
        amount=amount,
        is_attributed=is_attributed,
        product=fields.get("product_id"),
        mark=mark,
    )
    try:
        state.figures.add_order(order, session and session.connection())
    except LedgerUnavailableError as error:
        log.warning("Order %s is missing in the figures: %s", order_id, error)


def count_return(
    order_id: str | int, amount: int, platform: str, state: AppState, session: Any
) -> None:
    """Count what was paid back of an order; see ``count_order``."""
    if state.figures is None:
        return
    try:
        connection = session and session.connection()
        state.figures.add_return(platform, str(order_id), amount, connection)
    except LedgerUnavailableError as error:
        log.warning("A return of order %s is missing in the figures: %s", order_id, error)
