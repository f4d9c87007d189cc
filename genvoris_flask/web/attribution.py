"""Reports orders and returns to Genvoris, so that the shop sees what its try-ons led to.

Nothing here waits for Genvoris, and nothing raises in a checkout: problems are logged.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from flask import has_request_context, request, session

# Not on the thread that sends: a fork at that moment would leave the child half a module.
from ..core.api import connections  # noqa: F401
from ..core.outbox.messages import Message
from ..errors import QueueFullError
from .cookies import is_cookie_value, keep_cookie, read_cookie
from .state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask.attribution")

VISIT_COOKIE = "genvoris_visit"
OLD_SESSION_KEY = "_genvoris_widget_session"  # where earlier versions kept it


def refuses_tracking() -> bool:
    """Return whether the browser asks for Do Not Track or Global Privacy Control."""
    headers = request.headers
    return "1" in (headers.get("DNT"), headers.get("Sec-GPC"))


def keep_widget_session(session_id: str | None) -> None:
    """Remember the widget's id of this visit in a cookie, until an order."""
    if refuses_tracking():
        return
    if session_id and is_cookie_value(session_id) and read_cookie(VISIT_COOKIE) != session_id:
        keep_cookie(VISIT_COOKIE, session_id)


def widget_session_id() -> str | None:
    """Return the widget's id of this visit, if something was tried on in it."""
    if not has_request_context() or refuses_tracking():
        return None
    return read_cookie(VISIT_COOKIE) or session.get(OLD_SESSION_KEY)


def send_conversion(
    order_id: str | int, amount_cents: int, fields: dict[str, Any], session: Any = None
) -> bool:
    """Report an order in the background; return False if it is no order.

    Genvoris counts an order once, so this is retried until it surely arrived.

    Args:
        order_id: The shop's id of the order.
        amount_cents: The amount paid, in the currency's minor unit.
        fields: The other fields of ``client.conversions.record``.
        session: The shop's SQLAlchemy session, to share its transaction.
    """
    key = f"conversion:{fields['platform']}:{order_id}"
    return _put("conversion", key, order_id, {"amount_cents": amount_cents, **fields}, session)


def send_return(
    order_id: str | int, refunded_amount_cents: int, fields: dict[str, Any], session: Any = None
) -> bool:
    """Report a return in the background; return False if it is none.

    Genvoris counts each report, so this is retried only if the first one surely had no effect.

    Args:
        order_id: The shop's id of the order.
        refunded_amount_cents: The amount paid back, in the currency's minor unit.
        fields: The other fields of ``client.returns.record``.
        session: The shop's SQLAlchemy session, to share its transaction.
    """
    body = {"refunded_amount_cents": refunded_amount_cents, **fields}
    return _put("return", f"return:{uuid.uuid4()}", order_id, body, session)


def _put(kind: str, key: str, order_id: object, fields: dict[str, Any], session: Any) -> bool:
    body = {"order_id": str(order_id), **_present(fields)}
    subject = f"order:{body['platform']}:{order_id}"  # a return follows its conversion
    message = Message(kind, key, body, subject)
    if problem := _find_problem(order_id, body):
        log.error("%s was not sent: %s", message, problem)
        return False
    try:
        get_state().outbox.put(message, session)
    except QueueFullError as error:
        log.error("%s was not sent: %s", message, error)  # noqa: TRY400  (a traceback would add nothing)
    return True


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _find_problem(order_id: object, body: Mapping[str, Any]) -> str | None:
    if not isinstance(order_id, str | int) or not str(order_id):
        return "the order's id must be a non-empty string or a number."
    cents = body.get("amount_cents", body.get("refunded_amount_cents"))
    if isinstance(cents, bool) or not isinstance(cents, int) or cents < 0:
        return (
            "the amount must be a whole number in the currency's minor unit, such as 4990 for "
            f"49.90 EUR or for 4,990 JPY, not {cents!r}."
        )
    return None
