"""Numbers of try-ons that are remembered, so that no page waits for them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.tryon.remaining import USABLE_SECONDS, RemainingTryons
from genvoris_flask.errors import UnreachableError
from tests.support.waiting import LIMIT, until

ADA = Shopper("ada")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def remaining(
    read: Callable[[Shopper], int | None], clock: Clock, wait: float = LIMIT
) -> RemainingTryons:
    return RemainingTryons(read, fresh=10.0, wait=wait, max_shoppers=5, clock=clock)


def test_number_is_read_once_while_fresh() -> None:
    """A number is not read again while it is fresh, and read again afterwards."""
    clock, reads = Clock(), itertools.count(1)
    numbers = remaining(lambda _shopper: next(reads), clock)
    assert [numbers.get(ADA), numbers.get(ADA)] == [1, 1]
    clock.now = 11.0
    assert numbers.get(ADA) == 2


def test_page_does_not_wait() -> None:
    """While a number is being read, a page gets the one before it, for a while."""
    gate = threading.Event()
    clock = Clock()
    answers = iter([7, 6])

    def read(_shopper: Shopper) -> int:
        assert gate.wait(LIMIT)
        return next(answers)

    numbers = remaining(read, clock, wait=0.0)
    assert numbers.get(ADA) is None
    gate.set()
    until(lambda: numbers.get(ADA) == 7)
    gate.clear()
    clock.now = 11.0
    assert numbers.get(ADA) == 7
    clock.now = 11.0 + USABLE_SECONDS
    assert numbers.get(ADA) is None
    gate.set()


def test_number_that_cannot_be_read() -> None:
    """An error is no number, and is not asked about by each page."""
    reads: list[Shopper] = []

    def read(shopper: Shopper) -> int:
        reads.append(shopper)
        raise UnreachableError("away")

    numbers = remaining(read, Clock())
    assert [numbers.get(ADA), numbers.get(ADA)] == [None, None]
    assert len(reads) == 1


def test_shoppers_are_apart() -> None:
    """Each shopper has a number of their own."""
    numbers = remaining(lambda shopper: len(shopper.external_id), Clock())
    assert [numbers.get(ADA), numbers.get(Shopper("eve42"))] == [3, 5]
