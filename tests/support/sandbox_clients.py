"""Simultaneous clients of a sandbox, and what it confirmed to them."""

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
class Confirmed:
    """What the sandbox confirmed to its clients.

    Attributes:
        customers: The external ids of registered customers.
        used: The number of charged try-ons, by external id.
        events: The number of recorded events.
        calls: The number of successful requests.
        errors: Descriptions of errors.
        slowest: The duration of the slowest request, in seconds.
    """

    customers: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)
    events: int = 0
    calls: int = 0
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def run_clients(
    port: int,
    key: str,
    *,
    clients: int,
    seconds: float = math.inf,
    done: Callable[[Confirmed], bool] = lambda confirmed: False,
) -> Confirmed:
    """Run clients until they are done or have each seen an error.

    Args:
        port: The sandbox's port.
        key: Its API key.
        clients: The number of clients.
        seconds: When to stop.
        done: Returns whether to stop, which each client asks before each round.
    """
    confirmed = Confirmed()
    plan = _call(port, key, "POST", "/api/v1/plans", {"name": "Load", "monthlyTryOns": 1000})["id"]
    end = time.monotonic() + seconds

    def is_done() -> bool:
        return time.monotonic() >= end or done(confirmed)

    threads = [
        threading.Thread(target=_shop, args=(port, key, plan, number, is_done, confirmed))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return confirmed


def _shop(
    port: int,
    key: str,
    plan: str,
    number: int,
    is_done: Callable[[], bool],
    confirmed: Confirmed,
) -> None:
    name = f"client-{number}"
    rounds = 0
    while not is_done():
        rounds += 1
        try:
            _round(port, key, plan, f"{name}-{rounds}", confirmed)
        except (OSError, HTTPException, AssertionError) as error:
            with confirmed.lock:
                confirmed.errors.append(f"{type(error).__name__}: {error}")
            return


def _round(port: int, key: str, plan: str, name: str, confirmed: Confirmed) -> None:
    """Register a shopper, mint, try on twice, report an event, read the usage."""

    def call(method: str, path: str, body: Any = None) -> Any:
        started = time.monotonic()
        answer = _call(port, key, method, path, body)
        with confirmed.lock:
            confirmed.calls += 1
            confirmed.slowest = max(confirmed.slowest, time.monotonic() - started)
        return answer

    call("POST", "/api/v1/customers", {"externalId": name, "planId": plan})
    with confirmed.lock:
        confirmed.customers.add(name)
    token = call("POST", f"/api/v1/customers/{name}/sessions")["token"]
    for count in (1, 2):
        call("POST", "/api/tryon/track", {"api_key": key, "end_customer_token": token})
        with confirmed.lock:
            confirmed.used[name] = count
    call("POST", "/api/v1/events", {"sessionId": name, "eventType": "TRYON_GENERATED"})
    with confirmed.lock:
        confirmed.events += 1
    usage = call("GET", f"/api/v1/customers/{name}/usage")
    assert usage["data"]["current"]["used"] == 2, usage


def _call(port: int, key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        assert response.status < 300, f"{response.status} {text[:200]!r}"
        return json.loads(text)


@dataclass(frozen=True)
class StoredData:
    """What is stored in a data folder."""

    used: dict[str, int]
    events: int

    @classmethod
    def read(cls, folder: Path) -> StoredData:
        """Read the database."""
        with closing(sqlite3.connect(folder / "sandbox.sqlite3")) as db:
            used = dict(db.execute("SELECT external_id, used FROM customers").fetchall())
            (events,) = db.execute("SELECT COUNT(*) FROM events").fetchone()
        return cls(used, events)

    def lost(self, confirmed: Confirmed) -> int:
        """Return the number of confirmed rows that are not stored."""
        customers = len(confirmed.customers - set(self.used))
        tryons = sum(
            max(0, count - self.used.get(name, 0)) for name, count in confirmed.used.items()
        )
        return customers + tryons + max(0, confirmed.events - self.events)
