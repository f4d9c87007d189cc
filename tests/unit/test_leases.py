"""Leases of workers, some of which exist only in requests."""

from __future__ import annotations

from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.jobs.leases import DOUBT_SECONDS, MAX_NAMED, Leases
from tests.support.fake_genvoris import Clock


class CountingStore(MemoryStore):
    """Counts what it is asked."""

    asked = 0

    def get(self, key: str) -> bytes | None:
        self.asked += 1
        return super().get(key)


def test_made_up_workers_cost_little() -> None:
    """However many a browser names, only some are watched, and the real ones all the same."""
    clock, store = Clock(), CountingStore()
    leases = Leases(store, clock)
    assert not leases.is_lost("real")
    for number in range(10 * MAX_NAMED):
        assert not leases.is_lost(f"made up {number}", is_named=True)
    store.asked = 0
    clock.now += DOUBT_SECONDS / 2
    leases.watch()
    assert store.asked == 1 + MAX_NAMED
    clock.now += DOUBT_SECONDS / 2
    assert leases.is_lost("real")


def test_named_worker_that_is_real() -> None:
    """One that the store knows as well is watched, whatever browsers name after it."""
    clock = Clock()
    leases = Leases(MemoryStore(), clock)
    for is_named in (True, False):
        leases.is_lost("real", is_named=is_named)
    for number in range(2 * MAX_NAMED):
        leases.is_lost(f"made up {number}", is_named=True)
    for _half in range(2):
        clock.now += DOUBT_SECONDS / 2
        leases.watch()
    assert leases.is_lost("real")
