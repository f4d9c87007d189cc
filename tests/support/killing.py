"""Kills processes that change a ledger, at random moments, and checks that nothing is amiss.

``python -m tests.support.killing 300`` does it so often, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from multiprocessing.connection import Connection

from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.service import Ledger
from tests.support.databases import running_postgres
from tests.support.ledgers import LedgerFixture, new_ledger
from tests.support.processes import processes

# Each round sells three try-ons, reserves one, commits it, and pays a third of the sale back.
STEPS = 4


def step(ledger: Ledger, number: int) -> None:
    """Do one step. Doing it again, as a redelivery would, changes nothing."""
    turn, kind = divmod(number, STEPS)
    match kind:
        case 0:
            ledger.order_paid(f"o{turn}", [OrderLine("l", 3, 300)], external_id="u")
        case 1:
            assert ledger.reserve("u", f"k{turn}")
        case 2:
            assert ledger.commit("u", f"k{turn}")
        case 3:
            ledger.refunded("order", f"o{turn}", 100)


def work(url: str, now: float, begin: int, done: Connection) -> None:
    """Do one step after the other, and write a byte for each that was done."""
    shop = LedgerFixture(Database(url), now)
    number = begin
    while True:
        step(shop.ledger, number)
        os.write(done.fileno(), b".")
        number += 1


def kill_often(shop: LedgerFixture, times: int) -> int:
    """Kill a process at random moments; return how many steps were done.

    The next process begins with the step after the last that was confirmed, so it repeats the one
    that was cut off, if it was done.
    """
    confirmed = 0
    url = shop.database.engine.url.render_as_string(hide_password=False)
    for _each in range(times):
        reader, writer = processes.Pipe(duplex=False)
        child = processes.Process(target=work, args=(url, shop.now, confirmed, writer))
        child.start()
        writer.close()
        reading = reader.fileno()
        assert os.read(reading, 1), "the process ended by itself"
        confirmed += 1
        time.sleep(random.random() * 0.03)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        while seen := os.read(reading, 1000):
            confirmed += len(seen)
        reader.close()
        child.join()
    rounds = -(-confirmed // STEPS)
    for number in range(confirmed, rounds * STEPS):
        step(shop.ledger, number)
    check(shop, rounds)
    return confirmed


def check(shop: LedgerFixture, rounds: int) -> None:
    """Assert that so many rounds are counted, and each once."""
    shop.check()
    balance = shop.ledger.balance("u")
    assert sum(lot.granted for lot in balance.lots) == 3 * rounds
    assert sum(lot.used for lot in balance.lots) == rounds
    assert sum(lot.reserved for lot in balance.lots) == 0
    assert balance.available == rounds


def main() -> None:
    times = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres:
        for url in (f"sqlite:///{folder}/ledger.sqlite", postgres):
            shop = new_ledger(url)
            steps = kill_often(shop, times)
            sys.stdout.write(f"{url.partition(':')[0]}: {times} kills, {steps} steps\n")
            shop.database.engine.dispose()


if __name__ == "__main__":
    main()
