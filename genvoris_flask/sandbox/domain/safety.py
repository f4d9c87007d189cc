"""Genvoris's safety switches, which suspend the account of a shop that looks like an attack.

How Genvoris measures is not published in detail. Here the credits that were spent are compared with
those that there were at the start of the time; a pool that was nearly empty is not measured, since
its last credits would always be all of them. A request about an unknown shopper shows Genvoris a
new one, whether it registers them or not.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ..context import context
from ..responses import Json, iso
from .balances import credits_left
from .settings import change_settings, read_settings
from .store import get_value, set_value

HOUR = 3600.0
HALF_HOUR = 1800.0
SMALL_POOL = 20
STATE_NAME = "safety"
MAX_ALERTS = 20


@dataclass(frozen=True)
class Switch:
    """What is watched: how much of it raises an alert, and how much suspends the account.

    Attributes:
        alert: From how much on there is an alert.
        alert_seconds: In which time.
        limit: From how much on the account is suspended.
        limit_seconds: In which time.
    """

    alert: float
    alert_seconds: float
    limit: float
    limit_seconds: float


NEW_SHOPPERS = Switch(51, HOUR, 501, HOUR)
BURNT_SHARE = Switch(0.5, HOUR, 1.0, HALF_HOUR)
FAILED_IN_A_ROW = 50


def note_shopper(db: sqlite3.Connection, external_id: str) -> None:
    """Count a shopper whom the shop shows for the first time."""
    now = context().clock()
    query = "INSERT OR IGNORE INTO seen_shoppers VALUES (?, ?)"
    if db.execute(query, (external_id, now)).rowcount:
        _judge(db, "new shoppers", NEW_SHOPPERS, {HOUR: _new_shoppers(db, HOUR)})


def note_credit(db: sqlite3.Connection) -> None:
    """Look at how fast credits are spent, after one was."""
    shares = {seconds: _burnt_share(db, seconds) for seconds in (HALF_HOUR, HOUR)}
    _judge(db, "credits", BURNT_SHARE, shares)


def suspend(db: sqlite3.Connection, reason: str) -> None:
    """Suspend the account: from now on every key is refused."""
    if not read_settings(db)["safetySwitches"]:
        return
    change_settings(db, {"accountStatus": "SUSPENDED"})
    state = _state(db)
    set_value(db, STATE_NAME, {**state, "reason": reason, "at": context().clock()})


def lift_suspension(db: sqlite3.Connection) -> None:
    """Make the account active again, and count from zero."""
    change_settings(db, {"accountStatus": "ACTIVE"})
    set_value(db, STATE_NAME, {**_state(db), "reason": None, "since": context().clock()})
    context().failures.forget()


def safety_fields(db: sqlite3.Connection) -> Json:
    """Return what the switches have counted, and the suspension."""
    state, settings = _state(db), read_settings(db)
    suspended = settings["accountStatus"] != "ACTIVE"
    reason = state["reason"] or "It was suspended by hand."
    return {
        "enforced": settings["safetySwitches"],
        "newShoppers": {
            "lastHour": _new_shoppers(db, HOUR),
            "alertAbove": int(NEW_SHOPPERS.alert) - 1,
            "suspendedAbove": int(NEW_SHOPPERS.limit) - 1,
        },
        "credits": {
            "shareOfLastHour": round(_burnt_share(db, HOUR), 4),
            "shareOfLastHalfHour": round(_burnt_share(db, HALF_HOUR), 4),
            "alertAt": BURNT_SHARE.alert,
            "suspendedAt": BURNT_SHARE.limit,
        },
        "failedAuthentications": {
            "inARow": context().failures.in_a_row,
            "lockedAt": FAILED_IN_A_ROW,
        },
        "suspension": {"reason": reason, "at": _time(state["at"])} if suspended else None,
        "alerts": state["alerts"],
    }


def _judge(db: sqlite3.Connection, what: str, switch: Switch, measured: dict[float, float]) -> None:
    """Raise an alert, or suspend the account, if too much was measured in these times."""
    if not read_settings(db)["safetySwitches"]:
        return
    if measured[switch.limit_seconds] >= switch.limit:
        minutes = switch.limit_seconds / 60
        suspend(db, f"Too many {what} in {minutes:.0f} minutes.")
    elif measured[switch.alert_seconds] >= switch.alert:
        _alert(db, what, switch.alert_seconds)


def _alert(db: sqlite3.Connection, what: str, seconds: float) -> None:
    """Note an alert, once in the time that it is about."""
    now, state = context().clock(), _state(db)
    told = state["told"].get(what)
    if told is not None and told <= now < told + seconds:
        return
    alert = {"about": what, "at": iso(now)}
    alerts = [*state["alerts"], alert][-MAX_ALERTS:]
    told_now = {**state["told"], what: now}
    set_value(db, STATE_NAME, {**state, "alerts": alerts, "told": told_now})


def _new_shoppers(db: sqlite3.Connection, seconds: float) -> int:
    query = "SELECT COUNT(*) FROM seen_shoppers WHERE first_seen > ? AND first_seen <= ?"
    now = context().clock()
    return int(db.execute(query, (_start(db, now - seconds), now)).fetchone()[0])


def _burnt_share(db: sqlite3.Connection, seconds: float) -> float:
    """Return the share that was spent of the credits that there were so long ago."""
    now = context().clock()
    query = "SELECT COUNT(*) FROM tryons WHERE success AND created_at > ? AND created_at <= ?"
    spent = int(db.execute(query, (_start(db, now - seconds), now)).fetchone()[0])
    pool = credits_left(db, now) + spent
    return spent / pool if pool >= SMALL_POOL else 0.0


def _start(db: sqlite3.Connection, time: float) -> float:
    """Return the start of a time to measure: not before a suspension was lifted."""
    return max(time, float(_state(db)["since"]))


def _state(db: sqlite3.Connection) -> Json:
    default: Json = {"reason": None, "at": None, "since": 0.0, "alerts": [], "told": {}}
    return {**default, **get_value(db, STATE_NAME, {})}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
