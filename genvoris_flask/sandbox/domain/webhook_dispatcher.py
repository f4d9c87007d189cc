"""The dispatcher of webhooks, which signs deliveries, sends them and retries on a schedule."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.webhooks.signature import HEADER, sign
from .store import Store

if TYPE_CHECKING:
    import httpx

# Seconds to wait after each failed attempt. The eighth attempt is the last.
RETRY_AFTER = (10.0, 30.0, 120.0, 300.0, 900.0, 1800.0, 2700.0)
ATTEMPT_SECONDS = 10.0
WORKERS = 4
STOP_SECONDS = 1.0

DUE_DELIVERIES = (
    "SELECT deliveries.*, endpoints.url, endpoints.secret FROM deliveries "
    "JOIN endpoints ON endpoints.id = endpoint_id WHERE due_at <= ? ORDER BY due_at, "
    "deliveries.number"
)


class WebhookDispatcher:
    """Sends webhook deliveries when they are due, in background threads once started.

    Args:
        store: Stores the deliveries.
        clock: Returns the sandbox's time in Unix seconds, which decides what is due.
        wall_clock: Returns the machine's time in Unix seconds. Signatures carry it, since receivers
            compare it with their own time.
        transport: Sends requests; defaults to a transport that opens sockets.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wall_clock = wall_clock
        self._transport = transport
        self._in_progress: set[str] = set()
        self._changed = threading.Condition()
        self._version = 0
        self._running = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        with self._changed:
            self._running = True
        for number in range(WORKERS):
            name = f"genvoris-webhooks-{number}"
            thread = threading.Thread(target=self._work, daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Start no more attempts, and wait a moment for those in progress.

        A thread that uses SQLite while the process ends can crash it.
        """
        with self._changed:
            self._running = False
            self._changed.notify_all()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._threads.clear()

    def wake(self) -> None:
        """Look for due deliveries again: one was enqueued, or the time was moved."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def deliver_due(self) -> int:
        """Send all due deliveries in this thread; return the number of attempts."""
        attempts = 0
        while delivery := self._claim():
            self._attempt(delivery)
            attempts += 1
        return attempts

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due or in progress; return False if time runs out first."""
        end = time.monotonic() + seconds
        while not self._settled():
            left = end - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left, 0.05))
        return True

    def _settled(self) -> bool:
        with self._store.transaction() as db:
            waiting = db.execute("SELECT 1 FROM deliveries WHERE due_at <= ?", (self._clock(),))
            return waiting.fetchone() is None and not self._in_progress

    def _work(self) -> None:
        try:
            self._deliver_while_running()
        except sqlite3.ProgrammingError:
            # At the end of the process the database is closed during an attempt. Its delivery stays
            # due for the next start.
            if self._running:
                raise

    def _deliver_while_running(self) -> None:
        while self._running:
            version = self._version
            if delivery := self._claim():
                self._attempt(delivery)
                continue
            self._wait_for_change(version, self._until_next())

    def _wait_for_change(self, known: int, seconds: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._version != known or not self._running, seconds)

    def _claim(self) -> sqlite3.Row | None:
        """Claim a due delivery that no other thread is sending."""
        with self._store.transaction() as db:
            for row in db.execute(DUE_DELIVERIES, (self._clock(),)):
                if row["id"] not in self._in_progress:
                    self._in_progress.add(row["id"])
                    found: sqlite3.Row = row
                    return found
        return None

    def _until_next(self) -> float | None:
        with self._store.transaction() as db:
            query = "SELECT MIN(due_at) FROM deliveries WHERE due_at > ?"
            (due_at,) = db.execute(query, (self._clock(),)).fetchone()
        return None if due_at is None else max(0.0, due_at - self._clock())

    def _attempt(self, delivery: sqlite3.Row) -> None:
        try:
            self._record(delivery, *self._post(delivery))
        finally:
            self._in_progress.discard(delivery["id"])
            self.wake()

    def _post(self, delivery: sqlite3.Row) -> tuple[int | None, str | None]:
        """Send a delivery; return the status, and what went wrong, if anything."""
        import httpx  # imported late, since it would delay the start

        body = delivery["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Genvoris-Sandbox",
            HEADER: sign(delivery["secret"], body, self._wall_clock()),
            "X-Genvoris-Event": delivery["type"],
            "X-Genvoris-Delivery": delivery["id"],
        }
        started = time.monotonic()
        try:
            # Requests never leave this machine, where certificates are self-signed.
            with (
                httpx.Client(
                    transport=self._transport,
                    timeout=ATTEMPT_SECONDS,
                    trust_env=False,
                    verify=False,  # noqa: S501 - see above
                ) as client,
                client.stream("POST", delivery["url"], content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, f"no answer ({type(error).__name__})"
        if time.monotonic() - started > ATTEMPT_SECONDS:
            return status, f"answered after more than {ATTEMPT_SECONDS:.0f} s"
        return status, None if 200 <= status < 300 else f"answered {status}"

    def _record(self, delivery: sqlite3.Row, status: int | None, problem: str | None) -> None:
        attempts, now = delivery["attempts"] + 1, self._clock()
        state, due_at = "delivered", None
        if problem is not None:
            retry = attempts <= len(RETRY_AFTER)
            state = "pending" if retry else "dead"
            due_at = now + RETRY_AFTER[attempts - 1] if retry else None
        with self._store.transaction() as db:
            db.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, due_at = ?, status = ?, "
                "problem = ?, updated_at = ? WHERE id = ?",
                (state, attempts, due_at, status, problem, now, delivery["id"]),
            )
