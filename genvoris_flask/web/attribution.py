"""Reports orders and returns to Genvoris, so that the shop sees what its try-ons led to.

Nothing here waits for Genvoris, and nothing raises in a checkout: problems are logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import has_request_context, session

from ..core.api.http import RetryPolicy, may_repeat
from ..errors import ApiError, QueueFullError, UnreachableError
from .cookies import is_cookie_value, keep_cookie, read_cookie
from .state import get_state

log = logging.getLogger("genvoris_flask.attribution")

VISIT_COOKIE = "genvoris_visit"
OLD_SESSION_KEY = "_genvoris_widget_session"  # where earlier versions kept it


def keep_widget_session(session_id: str | None) -> None:
    """Remember the widget's id of this visit in a cookie, until an order."""
    if session_id and is_cookie_value(session_id) and read_cookie(VISIT_COOKIE) != session_id:
        keep_cookie(VISIT_COOKIE, session_id)


def widget_session_id() -> str | None:
    """Return the widget's id of this visit, if something was tried on in it."""
    if not has_request_context():
        return None
    return read_cookie(VISIT_COOKIE) or session.get(OLD_SESSION_KEY)


def send_conversion(order_id: str | int, amount_cents: int, fields: dict[str, Any]) -> None:
    """Report an order in the background.

    Genvoris counts an order once, so this is retried until it surely arrived.

    Args:
        order_id: The shop's id of the order.
        amount_cents: The amount paid, in the currency's minor unit.
        fields: The other fields of ``client.conversions.record``.
    """
    conversions = get_state().client.conversions
    name = f"The conversion of order {order_id}"
    _send(
        name,
        order_id,
        amount_cents,
        RetryPolicy.ALWAYS,
        lambda: conversions.record(order_id=str(order_id), amount_cents=amount_cents, **fields),
    )


def send_return(order_id: str | int, refunded_amount_cents: int, fields: dict[str, Any]) -> None:
    """Report a return in the background.

    Genvoris counts each report, so this is retried only if the first one surely had no effect.

    Args:
        order_id: The shop's id of the order.
        refunded_amount_cents: The amount paid back, in the currency's minor unit.
        fields: The other fields of ``client.returns.record``.
    """
    returns = get_state().client.returns
    name = f"The return of order {order_id}"
    _send(
        name,
        order_id,
        refunded_amount_cents,
        RetryPolicy.IF_UNSENT,
        lambda: returns.record(
            order_id=str(order_id), refunded_amount_cents=refunded_amount_cents, **fields
        ),
    )


def _send(
    name: str, order_id: object, cents: object, repeat: RetryPolicy, record: Callable[[], object]
) -> None:
    if problem := _find_problem(order_id, cents):
        log.error("%s was not sent: %s", name, problem)
        return

    def is_retryable(error: Exception) -> bool:
        return isinstance(error, ApiError | UnreachableError) and may_repeat(error, repeat)

    try:
        get_state().background.submit(name, record, is_retryable)
    except QueueFullError as error:
        log.error("%s was not sent: %s", name, error)  # noqa: TRY400  (a traceback would add nothing)


def _find_problem(order_id: object, cents: object) -> str | None:
    if not isinstance(order_id, str | int) or not str(order_id):
        return "the order's id must be a non-empty string or a number."
    if isinstance(cents, bool) or not isinstance(cents, int) or cents < 0:
        return (
            "the amount must be a whole number in the currency's minor unit, such as 4990 for "
            f"49.90 EUR or for 4,990 JPY, not {cents!r}."
        )
    return None
