"""``/sandbox/…``: the control API, which moves time, injects faults and changes the account."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint

from ..context import context
from ..domain.balances import add_pack, credits_left, empty_packs, live_packs
from ..domain.ledger import find_customer, roll_due_periods, set_used, usage_fields
from ..domain.notifications import (
    delivery_fields,
    latest_deliveries,
    notify_balance,
    notify_credits_added,
    send_again,
)
from ..domain.safety import lift_suspension, safety_fields
from ..domain.settings import change_settings as change
from ..domain.settings import read_settings as read
from ..http.auth import rotate, valid_keys
from ..http.faults import SECONDS, Fault
from ..http.request_validation import body, query
from ..responses import Json, invalid, iso

blueprint: Blueprint = Blueprint("switches", __name__, url_prefix="/sandbox")

LAST_TIME = 4_102_444_800.0  # 2100-01-01
MAX_DELIVERIES = 200


@blueprint.get("/clock")
def read_clock() -> Json:
    """Return the sandbox's time."""
    clock = context().clock
    now = clock()
    return {"now": iso(now), "unix": now, "offset": clock.offset}


@blueprint.post("/clock")
def move_clock() -> Json:
    """Move the sandbox's time: ``advance`` seconds, ``set`` a time, or ``reset``."""
    fields = body()
    clock = context().clock
    if "advance" in fields:
        advance(fields["advance"], "advance")
    elif "set" in fields:
        clock.set(_bounded("set", _time(fields["set"])))
    else:
        clock.reset()
    catch_up()
    return read_clock()


@blueprint.patch("/customers/<name>")
def change_customer(name: str) -> Json:
    """Set how many try-ons a customer has used in this period."""
    with context().store.transaction() as db:
        set_used(db, find_customer(db, name), body()["used"])
        return usage_fields(db, find_customer(db, name))


@blueprint.get("/deliveries")
def read_deliveries() -> Json:
    """Return webhook deliveries, newest first, after up to ``wait`` seconds to send those due."""
    settled = context().dispatcher.settle(query()["wait"])
    with context().store.transaction() as db:
        rows = latest_deliveries(db, query()["state"], MAX_DELIVERIES)
    return {"data": [delivery_fields(row) for row in rows], "settled": settled}


@blueprint.post("/deliveries/<delivery_id>/resend")
def resend(delivery_id: str) -> Json:
    """Send a delivery again, with the same event id."""
    with context().store.transaction() as db:
        return {"data": delivery_fields(send_again(db, delivery_id))}


@blueprint.get("/faults")
def read_faults() -> Json:
    """Return the active faults."""
    return {"faults": context().faults.all()}


@blueprint.put("/faults")
def put_faults() -> Json:
    """Replace all faults."""
    context().faults.replace([_fault(rule) for rule in body()["faults"]])
    return {"faults": context().faults.all()}


@blueprint.delete("/faults")
def clear_faults() -> Json:
    """Remove all faults."""
    context().faults.replace([])
    return {"faults": []}


@blueprint.get("/calls")
def read_calls() -> Json:
    """Return logged requests, oldest first, by ``method``, ``path`` (with *) and ``limit``."""
    asked = query()
    method = asked["method"].upper() if asked["method"] else None
    found = context().calls.find(method=method, path=asked["path"], limit=asked["limit"])
    return {"data": found}


@blueprint.delete("/calls")
def clear_calls() -> Json:
    """Clear the log of requests."""
    context().calls.clear()
    return {"data": []}


def advance(seconds: float, field: str) -> None:
    """Move the clock, or raise HttpError naming the field if that leads too far."""
    _bounded(field, context().clock() + seconds)
    context().clock.advance(seconds)


def catch_up() -> None:
    """Do what would have happened in the time that was skipped."""
    with context().store.transaction() as db:
        roll_due_periods(db)
        notify_balance(db)
    context().dispatcher.wake()


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
    """Return a fault; omitted fields default to those of ``Fault``."""
    names = ("kind", "path", "share", "count", "status", "error")
    given = {name: rule[name] for name in names if name in rule}
    return Fault(
        **given,
        method=rule["method"].upper() if rule.get("method") else None,
        seconds=rule.get("seconds", SECONDS.get(rule["kind"], 0.0)),
        retry_after=rule.get("retryAfter"),
        after=rule.get("when") == "after",
    )


account_blueprint: Blueprint = Blueprint("account", __name__, url_prefix="/sandbox")


@account_blueprint.get("/settings")
def read_settings() -> Json:
    """Return the settings."""
    with context().store.transaction() as db:
        return read(db)


@account_blueprint.patch("/settings")
def change_settings() -> Json:
    """Change some settings."""
    with context().store.transaction() as db:
        settings = change(db, body())
        notify_balance(db)
        return settings


@account_blueprint.get("/safety")
def read_safety() -> Json:
    """Return what the safety switches have counted, and the suspension."""
    with context().store.transaction() as db:
        return safety_fields(db)


@account_blueprint.delete("/suspension")
def lift() -> Json:
    """Lift a suspension, and let the safety switches count from zero."""
    with context().store.transaction() as db:
        lift_suspension(db)
        return safety_fields(db)


@account_blueprint.get("/credits")
def read_credits() -> Json:
    """Return the credits."""
    now = context().clock()
    with context().store.transaction() as db:
        return {"balance": credits_left(db, now), "packs": live_packs(db, now)}


@account_blueprint.post("/credits")
def top_up() -> tuple[Json, int]:
    """Add a credit pack."""
    now, fields = context().clock(), body()
    lasts = fields["expiresIn"]
    with context().store.transaction() as db:
        add_pack(db, fields["credits"], now, None if lasts is None else now + lasts)
        notify_credits_added(db, fields["credits"])
    return read_credits(), 201


@account_blueprint.delete("/credits")
def exhaust() -> Json:
    """Remove all credits."""
    with context().store.transaction() as db:
        empty_packs(db)
        notify_balance(db)
    return read_credits()


@account_blueprint.post("/api-keys")
def rotate_api_key() -> tuple[Json, int]:
    """Create a new API key; the others expire after ``grace`` seconds."""
    now = context().clock()
    with context().store.transaction() as db:
        key = rotate(db, now, body()["grace"])
        return {"key": key, "keys": valid_keys(db, now)}, 201


@account_blueprint.post("/signing-keys")
def rotate_signing_key() -> tuple[Json, int]:
    """Sign session tokens with a new key."""
    now, keys = context().clock(), context().keys
    with context().store.transaction() as db:
        kid = keys.rotate(db, now)
        return {"kid": kid, "kids": [each["kid"] for each in keys.jwks(db, now)["keys"]]}, 201
