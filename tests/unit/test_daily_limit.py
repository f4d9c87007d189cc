"""Try-ons of a day. Two limits on one store stand for two processes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.daily_limit import DAY, Claim, DailyLimit, DailyLimitError
from genvoris_flask.errors import StoreUnavailableError
from tests.support.fake_genvoris import Clock

GUEST = Claim("guest:1", 3)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


def test_a_day_has_so_many_in_all_processes(store: MemoryStore, clock: Clock) -> None:
    """And a new one for each that is a day old."""
    one, other = DailyLimit(store, clock), DailyLimit(store, clock)
    for number in range(3):
        assert (one, other)[number % 2].take([GUEST], f"wish {number}")
        clock.now += 3600
    with pytest.raises(DailyLimitError) as caught:
        one.take([GUEST], "wish 3")
    assert caught.value.wait == other.wait([GUEST]) == DAY - 3 * 3600
    assert one.used(GUEST) == 3
    clock.now += DAY - 3 * 3600 - 1
    assert other.wait([GUEST]) == 1
    clock.now += 1
    assert other.wait([GUEST]) is None
    assert other.take([GUEST], "wish 3")
    assert other.wait([GUEST]) == 3600


def test_a_wish_counts_once(store: MemoryStore, clock: Clock) -> None:
    """However often it is sent, also when none is left."""
    limit = DailyLimit(store, clock)
    claim = Claim("guest:1", 1)
    assert limit.take([claim], "wish")
    assert not limit.take([claim], "wish")
    assert limit.wait([claim], "wish") is None
    assert limit.wait([claim], "another") == DAY


def test_what_gave_no_picture_is_given_back(store: MemoryStore, clock: Clock) -> None:
    """So that a failure costs nobody a try-on."""
    limit = DailyLimit(store, clock)
    claim = Claim("guest:1", 1)
    limit.take([claim], "wish")
    limit.give_back([claim], "wish")
    limit.give_back([claim], "unknown")
    assert limit.used(claim) == 0
    assert limit.take([claim], "another")


def test_each_claim_must_have_one_left(store: MemoryStore, clock: Clock) -> None:
    """And nothing is counted when one has none."""
    limit = DailyLimit(store, clock)
    address = Claim("address:1", 1)
    limit.take([address], "somebody's")
    with pytest.raises(DailyLimitError):
        limit.take([GUEST, address], "wish")
    assert (limit.used(GUEST), limit.used(address)) == (0, 1)
    assert limit.wait([GUEST]) is None
    assert limit.wait([GUEST, address]) == DAY


def test_clicks_at_the_same_time_never_exceed_it(store: MemoryStore, clock: Clock) -> None:
    """In two processes."""
    limits = [DailyLimit(store, clock), DailyLimit(store, clock)]
    barrier = threading.Barrier(12)
    taken: list[bool] = []

    def click(number: int) -> None:
        barrier.wait()
        try:
            taken.append(limits[number % 2].take([GUEST], f"wish {number}"))
        except DailyLimitError:
            taken.append(False)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 9 + [True] * 3


def test_while_the_store_is_away_each_process_counts_by_itself(clock: Clock) -> None:
    """Nobody is refused for that, and nobody goes on without end."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailableError("It does not answer.")

    store: Any = Away()
    one, other = DailyLimit(store, clock), DailyLimit(store, clock)
    for limit in (one, other):
        for number in range(3):
            assert limit.take([GUEST], f"wish {number}")
        with pytest.raises(DailyLimitError):
            limit.take([GUEST], "wish 3")


@pytest.mark.parametrize("value", [b"[1, 2]", b"{", b'{"a": "b"}', b"\xff"])
def test_what_another_version_wrote_counts_as_nothing(clock: Clock, value: bytes) -> None:
    """It is over within a day."""

    class Other(MemoryStore):
        def get(self, key: str) -> bytes | None:
            return value

    limit = DailyLimit(Other(clock), clock)
    assert limit.used(GUEST) == 0
    assert limit.take([GUEST], "wish")
