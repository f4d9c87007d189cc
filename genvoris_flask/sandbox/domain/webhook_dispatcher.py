"""Takes deliveries to webhook endpoints: signed, again and again on the contract's schedule."""

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

# Seconds between the attempts: there are eight at most.
RETRY_AFTER = (10.0, 30.0, 120.0, 300.0, 900.0, 1800.0, 2700.0)
ATTEMPT_SECONDS = 10.0
WORKERS = 4
STOP_SECONDS = 1.0

DUE = (
    "SELECT deliveries.*, endpoints.url, endpoints.secret FROM deliveries "
    "JOIN endpoints ON endpoints.id = endpoint_id WHERE due_at <= ? ORDER BY due_at, "
    "deliveries.number"
)


class Courier:
    """Delivers what is due, on threads of its own once started.

    Args:
        store: Where deliveries wait.
        clock: The sandbox's time, which decides what is due.
        wall_clock: The machine's time, in Unix seconds, which signatures carry: a receiver compares
            it with its own.
        transport: What sends; None opens sockets.
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
        self._under_way: set[str] = set()
        self._news = threading.Condition()
        self._version = 0
        self._running = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Deliver from now on."""
        with self._news:
            self._running = True
        for number in range(WORKERS):
            name = f"genvoris-courier-{number}"
            thread = threading.Thread(target=self._work, daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Start no more attempts, and give those that are under way a moment.

        A thread that is within SQLite when the process ends can bring it down.
        """
        with self._news:
            self._running = False
            self._news.notify_all()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._threads.clear()

    def wake(self) -> None:
        """Look again: something was left, or the time was moved."""
        with self._news:
            self._version += 1
            self._news.notify_all()

    def deliver_due(self) -> int:
        """Deliver what is due, in this thread; give how many attempts that were."""
        attempts = 0
        while delivery := self._claim():
            self._attempt(delivery)
            attempts += 1
        return attempts

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due or under way; say whether that came to be in time."""
        end = time.monotonic() + seconds
        while not self._settled():
            left = end - time.monotonic()
            if left <= 0:
                return False
            with self._news:
                self._news.wait(min(left, 0.05))
        return True

    def _settled(self) -> bool:
        with self._store.transaction() as db:
            waiting = db.execute("SELECT 1 FROM deliveries WHERE due_at <= ?", (self._clock(),))
            return waiting.fetchone() is None and not self._under_way

    def _work(self) -> None:
        try:
            self._deliver_while_running()
        except sqlite3.ProgrammingError:
            # At the end of the process the database is closed under an attempt that is under way;
            # its delivery stays due for the next start.
            if self._running:
                raise

    def _deliver_while_running(self) -> None:
        while self._running:
            version = self._version
            if delivery := self._claim():
                self._attempt(delivery)
                continue
            self._wait_for_news(version, self._until_next())

    def _wait_for_news(self, known: int, seconds: float | None) -> None:
        with self._news:
            self._news.wait_for(lambda: self._version != known or not self._running, seconds)

    def _claim(self) -> sqlite3.Row | None:
        """Take a delivery that is due and that no other thread has."""
        with self._store.transaction() as db:
            for row in db.execute(DUE, (self._clock(),)):
                if row["id"] not in self._under_way:
                    self._under_way.add(row["id"])
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
            self._note(delivery, *self._post(delivery))
        finally:
            self._under_way.discard(delivery["id"])
            self.wake()

    def _post(self, delivery: sqlite3.Row) -> tuple[int | None, str | None]:
        """Send it; give the status, and what went wrong, if anything."""
        import httpx  # late: the sandbox is ready sooner without it

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
            # It never leaves this machine, where certificates are home-made.
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

    def _note(self, delivery: sqlite3.Row, status: int | None, problem: str | None) -> None:
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
