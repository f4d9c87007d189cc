"""Many clients of a sandbox at once, and what it answered them."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any


@dataclass
class Answered:
    """What clients were told is done.

    Attributes:
        customers: External ids of those that were registered.
        used: Try-ons that were charged, by external id.
        events: How many events were taken.
        calls: How many calls were answered well.
        errors: What went wrong otherwise.
        slowest: The slowest answer, in seconds.
    """

    customers: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)
    events: int = 0
    calls: int = 0
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def crowd(
    port: int,
    key: str,
    *,
    clients: int,
    seconds: float = math.inf,
    over: Callable[[Answered], bool] = lambda answered: False,
) -> Answered:
    """Let clients shop until it is over, or until each has seen an error.

    Args:
        port: The sandbox's.
        key: Its API key.
        clients: How many shop at once.
        seconds: When it is over, or
        over: whether it is, by what was answered. Each client asks before each round.
    """
    answered = Answered()
    plan = _call(port, key, "POST", "/api/v1/plans", {"name": "Crowd", "monthlyTryOns": 1000})["id"]
    end = time.monotonic() + seconds

    def is_over() -> bool:
        return time.monotonic() >= end or over(answered)

    threads = [
        threading.Thread(target=_shop, args=(port, key, plan, number, is_over, answered))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


def _shop(
    port: int,
    key: str,
    plan: str,
    number: int,
    is_over: Callable[[], bool],
    answered: Answered,
) -> None:
    name = f"client-{number}"
    rounds = 0
    while not is_over():
        rounds += 1
        try:
            _round(port, key, plan, f"{name}-{rounds}", answered)
        except (OSError, HTTPException, AssertionError) as error:
            with answered.lock:
                answered.errors.append(f"{type(error).__name__}: {error}")
            return


def _round(port: int, key: str, plan: str, name: str, answered: Answered) -> None:
    """Register a shopper, mint, try on twice, report an event, read the usage."""

    def call(method: str, path: str, body: Any = None) -> Any:
        started = time.monotonic()
        answer = _call(port, key, method, path, body)
        with answered.lock:
            answered.calls += 1
            answered.slowest = max(answered.slowest, time.monotonic() - started)
        return answer

    call("POST", "/api/v1/customers", {"externalId": name, "planId": plan})
    with answered.lock:
        answered.customers.add(name)
    token = call("POST", f"/api/v1/customers/{name}/sessions")["token"]
    for count in (1, 2):
        call("POST", "/api/tryon/track", {"api_key": key, "end_customer_token": token})
        with answered.lock:
            answered.used[name] = count
    call("POST", "/api/v1/events", {"sessionId": name, "eventType": "TRYON_GENERATED"})
    with answered.lock:
        answered.events += 1
    usage = call("GET", f"/api/v1/customers/{name}/usage")
    assert usage["data"]["current"]["used"] == 2, usage


def _call(port: int, key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        assert response.status < 300, f"{response.status} {text[:200]!r}"
        return json.loads(text)


@dataclass(frozen=True)
class Kept:
    """What a data folder holds."""

    used: dict[str, int]
    events: int

    @classmethod
    def read(cls, folder: Path) -> Kept:
        """Read it."""
        with closing(sqlite3.connect(folder / "sandbox.sqlite3")) as db:
            used = dict(db.execute("SELECT external_id, used FROM customers").fetchall())
            (events,) = db.execute("SELECT COUNT(*) FROM events").fetchone()
        return cls(used, events)

    def lost(self, answered: Answered) -> int:
        """Count what was answered and is not here."""
        customers = len(answered.customers - set(self.used))
        tryons = sum(
            max(0, count - self.used.get(name, 0)) for name, count in answered.used.items()
        )
        return customers + tryons + max(0, answered.events - self.events)
