"""``/sandbox/…``: what only a sandbox has. Its time, what shall go wrong, what was asked of it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint

from ..context import context
from ..domain.balances import add_pack, credits_left, empty_packs, live_packs
from ..domain.ledger import find_customer, roll_all, set_used, usage_fields
from ..domain.notifications import tell_of_balance, tell_of_pack
from ..domain.outbox import delivery_fields, latest_deliveries, send_again
from ..domain.settings import change_settings as change
from ..domain.settings import read_settings as read
from ..http.auth import good_keys, rotate
from ..http.errors import invalid
from ..http.faults import SECONDS, Fault
from ..http.request_validation import body, query
from ..serializers import Json, iso

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


account_blueprint = Blueprint("account", __name__, url_prefix="/sandbox")


@account_blueprint.get("/settings")
def read_settings() -> Json:
    """Give the settings."""
    with context().store.transaction() as db:
        return read(db)


@account_blueprint.patch("/settings")
def change_settings() -> Json:
    """Change the settings that came."""
    with context().store.transaction() as db:
        settings = change(db, body())
        tell_of_balance(db)
        return settings


@account_blueprint.get("/credits")
def read_credits() -> Json:
    """Give the credit pool."""
    now = context().clock()
    with context().store.transaction() as db:
        return {"balance": credits_left(db, now), "packs": live_packs(db, now)}


@account_blueprint.post("/credits")
def top_up() -> tuple[Json, int]:
    """Buy a pack."""
    now, came = context().clock(), body()
    lasts = came["expiresIn"]
    with context().store.transaction() as db:
        add_pack(db, came["credits"], now, None if lasts is None else now + lasts)
        tell_of_pack(db, came["credits"])
    return read_credits(), 201


@account_blueprint.delete("/credits")
def exhaust() -> Json:
    """Leave nothing in the pool."""
    with context().store.transaction() as db:
        empty_packs(db)
        tell_of_balance(db)
    return read_credits()


@account_blueprint.post("/api-keys")
def rotate_api_key() -> tuple[Json, int]:
    """Make a new API key; those of now end after ``grace`` seconds."""
    now = context().clock()
    with context().store.transaction() as db:
        key = rotate(db, now, body()["grace"])
        return {"key": key, "keys": good_keys(db, now)}, 201


@account_blueprint.post("/signing-keys")
def rotate_signing_key() -> tuple[Json, int]:
    """Sign with a new key from now on."""
    now, keys = context().clock(), context().keys
    with context().store.transaction() as db:
        kid = keys.rotate(db, now)
        return {"kid": kid, "kids": [each["kid"] for each in keys.jwks(db, now)["keys"]]}, 201
