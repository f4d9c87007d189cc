"""Outboxes in databases and Redis, on a clock and with deliveries that tests decide about.

``python -m tests.support.outboxes 1000`` lets Genvoris be away for ten minutes and for two days
while so many conversions are reported, and kills and doubles the processes that deliver them.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.outbox import MessageTable
from genvoris_flask.core.ledger.schema import metadata, outbox
from genvoris_flask.core.outbox.drain import Drain
from genvoris_flask.core.outbox.durable import MessageTable as Table
from genvoris_flask.core.outbox.messages import LANES, Deliver, Message, State
from genvoris_flask.core.outbox.redis_table import RedisTable
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.sealing import SecretSealer
from tests.support.databases import running_postgres
from tests.support.flask_shop import FaultyTransport
from tests.support.ledgers import START
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.processes import processes
from tests.support.redis_servers import RedisServer

MINUTE, DAY = 60.0, 24 * 3600.0
SHOPPERS = 20


@dataclass
class OutboxFixture:
    """An empty outbox, and what was delivered from it.

    Attributes:
        open_table: Returns its messages, as another process would see them.
        bodies: Returns what Genvoris is yet to be told, as it is stored.
    """

    open_table: Callable[[Callable[[], float]], Table]
    bodies: Callable[[], list[bytes]]
    now: float = START
    delivered: list[str] = field(default_factory=list)
    fails_with: Callable[[Message], Exception | None] = lambda _message: None

    def __post_init__(self) -> None:
        self.table = self.open_table(lambda: self.now)
        self.drain = self.new_drain()

    def new_drain(self) -> Drain:
        """Return what delivers, as another process would."""
        table = self.open_table(lambda: self.now)
        return Drain(table, self.deliver, clock=lambda: self.now, jitter=lambda _low, high: high)

    def deliver(self, message: Message) -> None:
        if error := self.fails_with(message):
            raise error
        self.delivered.append(message.key)

    def run(self, seconds: float = 0.0) -> list[str]:
        """Let time pass and deliver what is due; return the keys of what was delivered."""
        self.now += seconds
        before = len(self.delivered)
        for lane in LANES:
            self.drain.run(lane)
        return self.delivered[before:]

    def states(self) -> dict[str, tuple[State, str | None]]:
        """Return the state and the error of every message, by its subject."""
        found = self.table.messages(("waiting", "given_up", "sent"), 10_000)
        return {str(each.subject): (each.state, each.error) for each in found}


def outbox_in(database: Database) -> OutboxFixture:
    """Return an outbox in a database."""
    metadata.create_all(database.engine, [outbox])

    def bodies() -> list[bytes]:
        with database.engine.connect() as connection:
            texts = connection.exec_driver_sql("SELECT body FROM genvoris_outbox").scalars()
            return [str(text).encode() for text in texts if text != "{}"]

    return OutboxFixture(lambda clock: MessageTable(database, clock), bodies)


def outbox_on(url: str) -> OutboxFixture:
    """Return an outbox in Redis."""
    connection = RedisConnection(url)
    sealer = SecretSealer(lambda: ["secret"], "store")

    def open_table(clock: Callable[[], float]) -> RedisTable:
        return RedisTable(connection, lambda _client: "shop", sealer, clock)

    def bodies() -> list[bytes]:
        found = connection.client().hvals("genvoris:shop:outbox:{shop}:bodies")
        return cast("list[bytes]", found)

    return OutboxFixture(open_table, bodies)


@contextmanager
def opened(url: str) -> Iterator[OutboxFixture]:
    """Yield the outbox at the URL of a database or of a Redis."""
    if url.startswith("redis:"):
        yield outbox_on(url)
        return
    database = Database(url)
    yield outbox_in(database)
    database.engine.dispose()


@contextmanager
def empty_outbox(url: str) -> Iterator[OutboxFixture]:
    """Yield that outbox after deleting what is in it."""
    if url.startswith("redis:"):
        RedisConnection(url).client().flushall()
    else:
        database = Database(url)
        metadata.drop_all(database.engine, [outbox])
        database.engine.dispose()
    with opened(url) as fixture:
        yield fixture


def conversion(number: int, shopper: str | None = None) -> Message:
    """Return the conversion of an order."""
    return Message(
        "conversion",
        f"conversion:{number}",
        {"order_id": str(number), "amount_cents": 100},
        subject=shopper or f"order:{number}",
    )


def survive_outage(genvoris: LocalGenvoris, url: str, count: int, seconds: float) -> float:
    """Report conversions while Genvoris is away; return the seconds until all have arrived.

    Two processes deliver in turn, from a database or from Redis. Asserts that each conversion
    arrived once, and those of a shopper in their order.
    """
    clock, transport = genvoris.clock, FaultyTransport(genvoris.transport)
    client = GenvorisClient(
        API_KEY,
        "http://127.0.0.1:8787/api/v1",
        "http://127.0.0.1:8787",
        transport=transport,
        sleep=lambda _seconds: None,
    )
    accepted: list[tuple[str, int]] = []

    def deliver(message: Message) -> None:
        done = client.conversions.record(**message.body)
        assert not done.deduped, "delivered twice"
        accepted.append((str(message.subject), int(message.body["order_id"])))

    with empty_outbox(url) as fixture:
        tables = [fixture.open_table(clock) for _each in range(2)]
        late = _deliver_all(tables, deliver, genvoris, transport, count, seconds)
    assert sorted(number for _, number in accepted) == list(range(count))
    for shopper in {name for name, _ in accepted}:
        numbers = [number for name, number in accepted if name == shopper]
        assert numbers == sorted(numbers), shopper
    return late


def _deliver_all(
    tables: list[Table],
    deliver: Deliver,
    genvoris: LocalGenvoris,
    transport: FaultyTransport,
    count: int,
    seconds: float,
) -> float:
    """Report conversions during an outage; return how long after it the last one arrived."""
    clock = genvoris.clock
    drains = [Drain(table, deliver, clock=clock) for table in tables]
    begin = clock.now
    kinds = random.Random(count)
    transport.fault = lambda _request: _out_of_order(kinds)
    for number in range(count):
        clock.now = begin + seconds * number / count
        tables[0].put(conversion(number, f"shopper-{number % SHOPPERS}"))
        drains[number % 2].run("calls")
    clock.now = back = begin + seconds
    transport.fault = lambda _request: None
    turn = 0
    while (due := tables[0].next_due("calls")) is not None:
        clock.now = max(clock.now, due.timestamp())
        drains[turn % 2].run("calls")
        turn += 1
    return clock.now - back


def _out_of_order(kinds: random.Random) -> httpx.Response:
    """Answer, or fail to answer, as a service that is away."""
    kind = kinds.randrange(4)
    if kind == 0:
        raise httpx.ConnectError("refused")
    if kind == 1:
        raise httpx.ReadTimeout("no answer")
    headers = {"Retry-After": "30"} if kind == 2 else {}
    return httpx.Response(503 if kind == 2 else 502, headers=headers)


# Several processes


def deliver_to_file(url: str, now: float, path: str, seconds: float) -> None:
    """Deliver everything that is due at a time, by writing its key into a file."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def deliver(message: Message) -> None:
        time.sleep(seconds)
        os.write(file, f"{message.key}\n".encode())
        time.sleep(seconds)

    with opened(url) as fixture:
        table = fixture.open_table(lambda: now)
        Drain(table, deliver, clock=lambda: now).run("calls")
    os.close(file)


def in_two_processes(url: str, folder: Path, count: int) -> Counter[str]:
    """Let two processes deliver the same messages; return how often each was delivered."""
    path = _fill(url, folder, count)
    arguments = (url, START, str(path), 0.001)
    both = [processes.Process(target=deliver_to_file, args=arguments) for _each in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
        assert each.exitcode == 0
    return Counter(path.read_text().split())


def killed_often(url: str, folder: Path, count: int, times: int) -> Counter[str]:
    """Kill a process that delivers at random moments; return how often each was delivered."""
    path, now = _fill(url, folder, count), START
    for _each in range(times):
        now += 3 * MINUTE  # what a killed process had taken is free again
        size = path.stat().st_size
        child = processes.Process(target=deliver_to_file, args=(url, now, str(path), 0.001))
        child.start()
        while path.stat().st_size == size and child.is_alive():
            time.sleep(0.001)
        time.sleep(random.random() * 0.02)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    deliver_to_file(url, now + 3 * MINUTE, str(path), 0.0)
    with opened(url) as fixture:
        assert fixture.table.next_due("calls") is None
    return Counter(path.read_text().split())


def _fill(url: str, folder: Path, count: int) -> Path:
    """Put messages into an empty outbox; return the file that they are delivered to."""
    with empty_outbox(url) as fixture:
        for number in range(count):
            fixture.table.put(conversion(number))
    path = folder / "delivered"
    path.write_text("")
    return path


def main() -> None:
    count = int(sys.argv[1])
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as name, running_postgres() as postgres:
        folder = Path(name)
        server = RedisServer(folder)
        server.start()
        sqlite = f"sqlite:///{folder}/outbox.sqlite"
        for url, seconds in itertools.product((sqlite, server.url), (10 * MINUTE, 2 * DAY)):
            kind = url.partition(":")[0]
            late = survive_outage(LocalGenvoris(folder / f"{kind}{seconds}"), url, count, seconds)
            say(f"{kind}, away for {seconds:.0f} s: {count} arrived once, in order, ")
            say(f"after {late:.0f} s\n")
        for url in (sqlite, postgres, server.url):
            kind = url.partition(":")[0]
            twice = in_two_processes(url, folder, count)
            assert set(twice.values()) == {1}
            assert len(twice) == count
            say(f"{kind}: two processes delivered {count}, each once\n")
            often = killed_often(url, folder, count, count // 10)
            assert len(often) == count
            repeats = sum(often.values()) - count
            assert repeats <= count // 10
            say(f"{kind}: {count // 10} kills, {count} delivered, {repeats} of them twice\n")
        server.kill()


if __name__ == "__main__":
    main()
