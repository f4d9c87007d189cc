"""Has Genvoris told whether a shopper can use anything, as far as that follows from the ledger.

Genvoris's dashboard shows it, and a shopper whose plan is paused or has ended gets no token there.
Whoever was never anything but active is not told: Genvoris hears of them at their first try-on.
"""

from __future__ import annotations

from sqlalchemy import select

from ..api.models import Status
from ..outbox.messages import Message
from .accounts import LockedAccount, fit_event
from .outbox import put_message
from .schema import outbox
from .subscriptions import read_all


def tell_state(account: LockedAccount) -> None:
    """Put a shopper's state into the outbox, if it may not be the one that Genvoris has."""
    state = state_of(account)
    key = key_of(account.id)
    told = select(outbox.c.id).where(outbox.c.key == key)
    if state == "ACTIVE" and account.connection.execute(told).first() is None:
        return
    message = Message(
        "customer",
        key,
        {"external_id": account.id, "status": state},
        subject=f"shopper:{account.id}",
        is_state=True,
    )
    put_message(account.connection, message, account.now)


def key_of(external_id: str) -> str:
    """Return the key of the message about a shopper's state."""
    return fit_event(f"customer:{external_id}")


def state_of(account: LockedAccount) -> Status:
    """Return the state that follows from a shopper's lots and subscriptions."""
    lots = account.lots
    if any(lot.available or lot.reserved for lot in lots):
        return "ACTIVE"
    if any("pause" in lot.holds for lot in lots):
        return "PAUSED"
    known = read_all(account)
    has_ended = bool(known) and all("ended" in each.holds for each in known)
    return "CANCELLED" if has_ended else "ACTIVE"
