"""``/sandbox/…``: what only a sandbox has. Its time, what shall go wrong, what was asked of it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint

from .context import context
from .faults import SECONDS, Fault
from .ledger import find_customer, roll_all, set_used, usage_fields
from .notifications import tell_of_balance
from .outbox import delivery_fields, latest_deliveries, send_again
from .refusal import invalid
from .request_validation import body, query
from .wire import Json, iso

blueprint = Blueprint("switches", __name__, url_prefix="/sandbox")

LAST_TIME = 4_102_444_800.0  # 2100-01-01
MOST_DELIVERIES = 200


@blueprint.get("/clock")
def read_clock() -> Json:
    """Give the sandbox's time."""
    clock = context().clock
    now = clock()
    return {"now": iso(now), "unix": now, "offset": clock.offset}


@blueprint.post("/clock")
def move_clock() -> Json:
    """Move the sandbox's time: ``advance`` seconds, ``set`` a time, or ``reset``."""
    came = body()
    clock = context().clock
    if "advance" in came:
        advance(came["advance"], "advance")
    elif "set" in came:
        clock.set(_bounded("set", _time(came["set"])))
    else:
        clock.reset()
    catch_up()
    return read_clock()


@blueprint.patch("/customers/<name>")
def change_customer(name: str) -> Json:
    """Set how many try-ons a customer has used in this period, as if they had been made."""
    with context().store.transaction() as db:
        set_used(db, find_customer(db, name), body()["used"])
        return usage_fields(db, find_customer(db, name))


@blueprint.get("/deliveries")
def read_deliveries() -> Json:
    """List webhook deliveries, newest first; ``wait`` lets those that are due go out before."""
    settled = context().courier.settle(query()["wait"])
    with context().store.transaction() as db:
        rows = latest_deliveries(db, query()["state"], MOST_DELIVERIES)
    return {"data": [delivery_fields(row) for row in rows], "settled": settled}


@blueprint.post("/deliveries/<delivery_id>/resend")
def resend(delivery_id: str) -> Json:
    """Send a delivery again, with the same event's id."""
    with context().store.transaction() as db:
        return {"data": delivery_fields(send_again(db, delivery_id))}


@blueprint.get("/faults")
def read_faults() -> Json:
    """List what shall go wrong, and how often it did."""
    return {"faults": context().faults.all()}


@blueprint.put("/faults")
def put_faults() -> Json:
    """Put these faults in force, and no others."""
    context().faults.replace([_fault(rule) for rule in body()["faults"]])
    return {"faults": context().faults.all()}


@blueprint.delete("/faults")
def clear_faults() -> Json:
    """Let everything go well again."""
    context().faults.replace([])
    return {"faults": []}


@blueprint.get("/calls")
def read_calls() -> Json:
    """List what was asked, oldest first, by ``method``, ``path`` (with *) and ``limit``."""
    asked = query()
    method = asked["method"].upper() if asked["method"] else None
    found = context().calls.find(method=method, path=asked["path"], limit=asked["limit"])
    return {"data": found}


@blueprint.delete("/calls")
def clear_calls() -> Json:
    """Forget what was asked."""
    context().calls.clear()
    return {"data": []}


def advance(seconds: float, field: str) -> None:
    """Move the clock, or refuse what leads too far by the field that asked for it."""
    _bounded(field, context().clock() + seconds)
    context().clock.advance(seconds)


def catch_up() -> None:
    """Do what would have happened by itself in the time that was skipped."""
    with context().store.transaction() as db:
        roll_all(db)
        tell_of_balance(db)
    context().courier.wake()


def _time(value: str | float) -> float:
    if not isinstance(value, str):
        return value
    try:
        moment = dt.datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        raise invalid("set", "must be Unix seconds or an ISO 8601 time") from None


def _bounded(name: str, time: float) -> float:
    if not 0 <= time <= LAST_TIME:
        raise invalid(name, "must lead to a time from 1970 to 2100")
    return time


def _fault(rule: Json) -> Fault:
    """Make a rule; what it leaves out is as ``Fault`` has it."""
    names = ("kind", "path", "share", "count", "status", "error")
    given = {name: rule[name] for name in names if name in rule}
    return Fault(
        **given,
        method=rule["method"].upper() if rule.get("method") else None,
        seconds=rule.get("seconds", SECONDS.get(rule["kind"], 0.0)),
        retry_after=rule.get("retryAfter"),
        after=rule.get("when") == "after",
    )
