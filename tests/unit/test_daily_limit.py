"""The daily limit. Two limits on one store stand for two processes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.daily_limit import (
    Claim,
    DailyLimit,
    DailyLimitError,
    attempt_key,
)
from genvoris_flask.errors import StoreUnavailableError
from tests.support.fake_genvoris import Clock

GUEST = Claim("guest:1", 3)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


def retry_after(limit: DailyLimit, claims: Sequence[Claim], key: str | None = None) -> float | None:
    """Return the seconds until a try-on may be started, or None if it may be started now."""
    error = limit.find_exhausted(claims, key)
    return None if error is None else error.retry_after


def test_limit_holds_in_all_processes(store: MemoryStore, clock: Clock) -> None:
    """And each try-on is free again after a day."""
    one, other = DailyLimit(store, clock), DailyLimit(store, clock)
    for number in range(3):
        (one, other)[number % 2].take([GUEST], f"try-on {number}")
        clock.now += 3600
    with pytest.raises(DailyLimitError) as caught:
        one.take([GUEST], "try-on 3")
    assert caught.value.retry_after == retry_after(other, [GUEST]) == 24 * 3600 - 3 * 3600
    assert one.used(GUEST) == 3
    clock.now += 24 * 3600 - 3 * 3600 - 1
    assert retry_after(other, [GUEST]) == 1
    clock.now += 1
    assert retry_after(other, [GUEST]) is None
    other.take([GUEST], "try-on 3")
    assert retry_after(other, [GUEST]) == 3600


def test_repeat_is_let_on(store: MemoryStore, clock: Clock) -> None:
    """Even when none is left, since it may be the same try-on; an attempt counts by itself."""
    limit = DailyLimit(store, clock)
    claim, first = Claim("guest:1", 1), attempt_key("try-on")
    limit.take([claim], first)
    assert retry_after(limit, [claim], "try-on") is None
    assert retry_after(limit, [claim], "another") == 24 * 3600
    limit.give_back([claim], attempt_key("try-on"))
    with pytest.raises(DailyLimitError):
        limit.take([claim], attempt_key("try-on"))
    limit.give_back([claim], first)
    limit.take([claim], attempt_key("try-on"))


def test_given_back_try_on_is_free(store: MemoryStore, clock: Clock) -> None:
    """A failure costs nobody a try-on."""
    limit = DailyLimit(store, clock)
    claim = Claim("guest:1", 1)
    limit.take([claim], "try-on")
    limit.give_back([claim], "try-on")
    limit.give_back([claim], "unknown")
    assert limit.used(claim) == 0
    limit.take([claim], "another")
    assert limit.used(claim) == 1


def test_all_claims_must_have_one_left(store: MemoryStore, clock: Clock) -> None:
    """Nothing is counted if one of them has none."""
    limit = DailyLimit(store, clock)
    address = Claim("address:1", 1)
    limit.take([address], "somebody's")
    with pytest.raises(DailyLimitError):
        limit.take([GUEST, address], "try-on")
    assert (limit.used(GUEST), limit.used(address)) == (0, 1)
    assert retry_after(limit, [GUEST]) is None
    assert retry_after(limit, [GUEST, address]) == 24 * 3600


def test_simultaneous_starts_stay_within_the_limit(store: MemoryStore, clock: Clock) -> None:
    """In two processes together."""
    limits = [DailyLimit(store, clock), DailyLimit(store, clock)]
    barrier = threading.Barrier(12)
    taken: list[bool] = []

    def click(number: int) -> None:
        barrier.wait()
        try:
            limits[number % 2].take([GUEST], f"try-on {number}")
        except DailyLimitError:
            taken.append(False)
        else:
            taken.append(True)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 9 + [True] * 3


def test_processes_count_alone_without_the_store(clock: Clock) -> None:
    """Nobody is refused because of that, and nobody is unlimited."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailableError("It does not answer.")

    store: Any = Away()
    one, other = DailyLimit(store, clock), DailyLimit(store, clock)
    for limit in (one, other):
        for number in range(3):
            limit.take([GUEST], f"try-on {number}")
        with pytest.raises(DailyLimitError):
            limit.take([GUEST], "try-on 3")


@pytest.mark.parametrize("value", [b"[1, 2]", b"{", b'{"a": "b"}', b"\xff"])
def test_record_of_another_version_is_ignored(clock: Clock, value: bytes) -> None:
    """A day later it would have expired anyway."""

    class Other(MemoryStore):
        def get(self, key: str) -> bytes | None:
            return value

    limit = DailyLimit(Other(clock), clock)
    assert limit.used(GUEST) == 0
    limit.take([GUEST], "try-on")
