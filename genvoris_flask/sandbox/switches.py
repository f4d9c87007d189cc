"""``/sandbox/…``: what only a sandbox has. Its time, what shall go wrong, what was asked of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, request

from .context import context, local_only
from .faults import KINDS, SECONDS, Fault
from .ledger import roll_all
from .news import tell_of_balance
from .outbox import delivery_fields, latest_deliveries, send_again
from .refusal import RefusalError, invalid
from .validation import Json, iso, number, one_of, read_body, text, whole_number

blueprint = Blueprint("switches", __name__, url_prefix="/sandbox")

TEN_YEARS = 10 * 365 * 24 * 3600.0
LAST_TIME = 4_102_444_800.0  # 2100-01-01
MOST_FAULTS = 100
LONGEST_WAIT = 3600.0
LONGEST_SETTLE = 30.0
MOST_DELIVERIES = 200


@blueprint.get("/clock")
@local_only
def read_clock() -> Json:
    """Give the sandbox's time."""
    clock = context().clock
    now = clock()
    return {"now": iso(now), "unix": now, "offset": clock.offset}


@blueprint.post("/clock")
@local_only
def move_clock() -> Json:
    """Move the sandbox's time: ``advance`` seconds, ``set`` a time, or ``reset``."""
    body = read_body(request)
    if len(body) != 1:
        raise RefusalError(400, "invalid_body", "Send one of advance, set and reset.")
    clock = context().clock
    match next(iter(body)):
        case "advance":
            seconds = number(body, "advance", -TEN_YEARS, TEN_YEARS)
            clock.set(number({"advance": clock() + seconds}, "advance", 0, LAST_TIME))
        case "set":
            clock.set(_time(body["set"]))
        case "reset":
            clock.reset()
        case other:
            raise invalid(other, "is not known; send one of advance, set and reset")
    _catch_up()
    return read_clock()


@blueprint.get("/deliveries")
@local_only
def read_deliveries() -> Json:
    """List webhook deliveries, newest first; ``wait`` lets those that are due go out before."""
    wait = number({"wait": request.args.get("wait", 0.0, type=float)}, "wait", 0, LONGEST_SETTLE)
    settled = context().courier.settle(wait)
    state = request.args.get("state")
    with context().store.transaction() as db:
        rows = latest_deliveries(db, state, MOST_DELIVERIES)
    return {"data": [delivery_fields(row) for row in rows], "settled": settled}


@blueprint.post("/deliveries/<delivery_id>/resend")
@local_only
def resend(delivery_id: str) -> Json:
    """Send a delivery again, with the same event's id."""
    with context().store.transaction() as db:
        return {"data": delivery_fields(send_again(db, delivery_id))}


@blueprint.get("/faults")
@local_only
def read_faults() -> Json:
    """List what shall go wrong, and how often it did."""
    return {"faults": context().faults.all()}


@blueprint.put("/faults")
@local_only
def put_faults() -> Json:
    """Put these faults in force, and no others."""
    rules = read_body(request).get("faults")
    if not isinstance(rules, list) or len(rules) > MOST_FAULTS:
        raise invalid("faults", f"must be a list of at most {MOST_FAULTS}")
    context().faults.replace([_fault(rule, f"faults.{at}.") for at, rule in enumerate(rules)])
    return {"faults": context().faults.all()}


@blueprint.delete("/faults")
@local_only
def clear_faults() -> Json:
    """Let everything go well again."""
    context().faults.replace([])
    return {"faults": []}


@blueprint.get("/calls")
@local_only
def read_calls() -> Json:
    """List what was asked, oldest first, by ``method``, ``path`` (with *) and ``limit``."""
    limit = request.args.get("limit", 1000, type=int)
    method = request.args.get("method")
    path = request.args.get("path", "*")
    return {"data": context().calls.find(method=method, path=path, limit=max(1, limit))}


@blueprint.delete("/calls")
@local_only
def clear_calls() -> Json:
    """Forget what was asked."""
    context().calls.clear()
    return {"data": []}


def _catch_up() -> None:
    """Do what would have happened by itself in the time that was skipped."""
    with context().store.transaction() as db:
        roll_all(db)
        tell_of_balance(db)
    context().courier.wake()


def _time(value: Any) -> float:
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            raise invalid("set", "must be Unix seconds or an ISO time") from None
        value = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    return number({"set": value}, "set", 0, LAST_TIME)


def _fault(rule: Any, at: str) -> Fault:
    if not isinstance(rule, dict):
        raise invalid(at.rstrip("."), "must be an object")
    kind = one_of({f"{at}kind": rule.get("kind")}, f"{at}kind", KINDS)
    body = {f"{at}{name}": value for name, value in rule.items()}

    def given(name: str, default: Any) -> Json:
        return {f"{at}{name}": default, **body}

    count = body.get(f"{at}count")
    retry_after = body.get(f"{at}retryAfter")
    method = text(body, f"{at}method", longest=10)
    return Fault(
        kind=kind,  # type: ignore[arg-type]
        path=text(given("path", "*"), f"{at}path") or "*",
        method=method.upper() if method else None,
        share=number(given("share", 1.0), f"{at}share", 0, 1),
        count=None if count is None else whole_number(body, f"{at}count", 1, 10**9),
        seconds=number(given("seconds", SECONDS.get(kind, 0)), f"{at}seconds", 0, LONGEST_WAIT),
        status=whole_number(given("status", 503), f"{at}status", 400, 599),
        error=text(body, f"{at}error", longest=80) or "internal_error",
        retry_after=None
        if retry_after is None
        else whole_number(body, f"{at}retryAfter", 0, 86_400),
        after=one_of(given("when", "before"), f"{at}when", ("before", "after")) == "after",
    )
