"""Bounds how many try-ons somebody may start within a day, in all processes together.

What is counted are try-ons that may still give a picture, or have given one: one that fails is
given back. It is a moving window, since a shop does not know when its visitors' midnight is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import GenvorisError, StoreUnavailableError
from ..concurrency.per_process import PerProcess
from ..storage.interface import Store, digest
from ..storage.memory_store import MemoryStore

DAY = 24 * 3600.0


class DailyLimitError(GenvorisError):
    """All try-ons of a day are used.

    Attributes:
        wait: Seconds until there is one again.
    """

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__(f"All try-ons of a day are used; there is one again in {wait:.0f} s.")


@dataclass(frozen=True)
class Claim:
    """Somebody's try-ons of a day.

    Attributes:
        owner: Who they belong to, such as a guest or an address.
        most: How many there are in a day.
    """

    owner: str
    most: int


class DailyLimit:
    """Counts try-ons by their wish, so that a wish that is sent twice counts once.

    While the store is away each process counts by itself.

    Args:
        store: Where they are counted.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._here = PerProcess(lambda: MemoryStore(clock))

    def used(self, claim: Claim) -> int:
        """Return how many of a claim are used."""
        return len(self._read(claim.owner))

    def wait(self, claims: Sequence[Claim], wish: str | None = None) -> float | None:
        """Return the seconds until a try-on may be started, or None if it may now.

        Args:
            claims: Each must have one left.
            wish: What is wanted; one that is counted already may be started.
        """
        waits = [self._wait(self._read(claim.owner), claim.most, wish) for claim in claims]
        return max((wait for wait in waits if wait is not None), default=None)

    def take(self, claims: Sequence[Claim], wish: str) -> bool:
        """Count a try-on for each claim.

        Returns:
            Whether it was not counted before.

        Raises:
            DailyLimitError: A claim has none left; nothing is counted then.
            LockTimeoutError: Others of the same owner are being started all the time.
        """
        taken: list[Claim] = []
        for claim in claims:
            try:
                if self._take(claim, wish):
                    taken.append(claim)
            except GenvorisError:
                self.give_back(taken, wish)
                raise
        return bool(taken)

    def give_back(self, claims: Sequence[Claim], wish: str) -> None:
        """Count a try-on no more, since no picture came of it."""

        def remove(times: dict[str, float]) -> None:
            times.pop(wish, None)

        for claim in claims:
            self._change(claim.owner, remove)

    def _take(self, claim: Claim, wish: str) -> bool:
        fresh = False

        def add(times: dict[str, float]) -> None:
            nonlocal fresh
            wait = self._wait(times, claim.most, wish)
            if wait is not None:
                raise DailyLimitError(wait)
            fresh = wish not in times
            times.setdefault(wish, self._clock())

        self._change(claim.owner, add)
        return fresh

    def _wait(self, times: dict[str, float], most: int, wish: str | None) -> float | None:
        if wish in times or len(times) < most:
            return None
        return max(1.0, sorted(times.values())[-most] + DAY - self._clock())

    def _read(self, owner: str) -> dict[str, float]:
        """Return when each wish of the last day was made."""
        try:
            return self._read_from(self._store, owner)
        except StoreUnavailableError:
            return self._read_from(self._here.get(), owner)

    def _change(self, owner: str, change: Callable[[dict[str, float]], None]) -> None:
        try:
            self._change_in(self._store, owner, change)
        except StoreUnavailableError:
            self._change_in(self._here.get(), owner, change)

    def _change_in(
        self, store: Store, owner: str, change: Callable[[dict[str, float]], None]
    ) -> None:
        with store.lock(f"tryon-day:{digest(owner)}", wait=2.0, hold=5.0):
            times = self._read_from(store, owner)
            change(times)
            store.set(_key(owner), json.dumps(times).encode(), DAY)

    def _read_from(self, store: Store, owner: str) -> dict[str, float]:
        since = self._clock() - DAY
        try:
            times: dict[str, float] = json.loads(store.get(_key(owner)) or b"{}")
            return {wish: time for wish, time in times.items() if time > since}
        except (ValueError, TypeError, AttributeError):  # of another version
            return {}


def _key(owner: str) -> str:
    return f"tryon-day:{digest(owner)}"
