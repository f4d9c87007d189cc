"""Limits how many try-ons somebody, or a whole shop, may start in a day, over all processes.

Only try-ons that gave a picture, or still may, are counted; one that fails is given back. The
window is a moving one, since a shop does not know when its visitors' midnight is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ...errors import GenvorisError, LockTimeoutError, StoreUnavailableError
from ..storage.interface import Fallback, Store, digest
from ..storage.memory_store import MemoryStore

HOUR = 3600.0
DAY = 24 * HOUR
HOURLY = "@"  # begins the names of hours, unlike the keys of try-ons


@dataclass(frozen=True)
class Claim:
    """The try-ons of a day that somebody may start.

    Attributes:
        owner: Who they belong to, such as a guest or an address.
        limit: How many they are; None to only remember which were started.
        code: The error of one too many.
        is_shared: Whether they belong to so many that they are counted by the hour, not by their
            keys. A claim of the one who starts them comes before it and has their keys.
    """

    owner: str
    limit: int | None
    code: str = "guest_limit_reached"
    is_shared: bool = False


class DailyLimitError(GenvorisError):
    """All try-ons of a day are used.

    Attributes:
        retry_after: Seconds until one more may be started.
        claim: Which claim has none left.
    """

    def __init__(self, retry_after: float, claim: Claim) -> None:
        self.retry_after = retry_after
        self.claim = claim
        super().__init__(f"All try-ons of a day are used; one is free in {retry_after:.0f} s.")


@dataclass(frozen=True)
class CountedTryon:
    """A try-on that counts against a day.

    Attributes:
        claims: What it counts against; empty without a limit.
        key: Tells it from all others, as its idempotency key alone does not: a try-on that failed
            has the same one as the next attempt.
    """

    claims: tuple[Claim, ...]
    key: str


class DailyLimit:
    """Counts try-ons by their key, so that one that fails is given back, and no other.

    While the store is unavailable, each process counts by itself.

    Args:
        store: Where they are counted.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._stores: Fallback[Store] = Fallback(store, lambda: MemoryStore(clock))
        self._clock = clock

    def used(self, claim: Claim) -> int:
        """Return how many try-ons of a claim are used."""
        return len(self._read(claim.owner))

    def times(self, owner: str) -> list[float]:
        """Return when somebody's try-ons of the last day were started, in Unix seconds."""
        return sorted(self._read(owner).values())

    def find_exhausted(
        self, claims: Sequence[Claim], key: str | None = None
    ) -> DailyLimitError | None:
        """Return the error of the claim that is exhausted for the longest time, if one is.

        Args:
            claims: Each of them must have a try-on left.
            key: The idempotency key. A try-on that may be a repeat of a counted one is let on.
        """
        errors = []
        for claim in claims:
            times = self._read(claim.owner)
            if not claim.is_shared and any(_is_of(each, key) for each in times):
                return None
            wait = self._retry_after(times, claim)
            if wait is not None:
                errors.append(DailyLimitError(wait, claim))
        return max(errors, key=lambda error: error.retry_after, default=None)

    def take(self, claims: Sequence[Claim], key: str) -> None:
        """Count a try-on for each claim.

        Raises:
            DailyLimitError: A claim has none left, so nothing was counted.
            LockTimeoutError: Others of the same owner are being started all the time.
        """
        taken: list[Claim] = []
        for claim in claims:
            try:
                self._take(claim, key)
            except GenvorisError:
                self.give_back(taken, key)
                raise
            taken.append(claim)

    def without_picture(self, tryon: CountedTryon) -> None:
        """Stop counting a try-on that gave no picture. An unavailable store is ignored."""
        # Otherwise it comes back by itself, within a day.
        with suppress(StoreUnavailableError, LockTimeoutError):
            self.give_back(tryon.claims, tryon.key)

    def give_back(self, claims: Sequence[Claim], key: str) -> None:
        """Stop counting a try-on, since it gave no picture."""
        started: list[float] = []

        def remove(times: dict[str, float]) -> None:
            if (at := times.pop(key, None)) is not None:
                started.append(at)

        def uncount(hours: dict[str, float]) -> None:
            hour = _hour(started[0])
            hours[hour] = max(0.0, hours.get(hour, 0.0) - 1)

        for claim in claims:
            if not claim.is_shared:
                self._change(claim.owner, remove)
            elif started:
                self._change(claim.owner, uncount)

    def _take(self, claim: Claim, key: str) -> None:
        def add(times: dict[str, float]) -> None:
            wait = self._retry_after(times, claim)
            if wait is not None:
                raise DailyLimitError(wait, claim)
            if claim.is_shared:
                hour = _hour(self._clock())
                times[hour] = times.get(hour, 0.0) + 1
            else:
                times[key] = self._clock()

        self._change(claim.owner, add)

    def _retry_after(self, times: dict[str, float], claim: Claim) -> float | None:
        if claim.limit is None:
            return None
        now = self._clock()
        if claim.is_shared:
            if sum(times.values()) < claim.limit:
                return None
            oldest = min(int(hour[len(HOURLY) :]) for hour, count in times.items() if count)
            return max(1.0, (oldest + 1) * HOUR + DAY - now)
        if len(times) < claim.limit:
            return None
        return max(1.0, sorted(times.values())[-claim.limit] + DAY - now)

    def _read(self, owner: str) -> dict[str, float]:
        """Return when each try-on of the last day was started, by its key."""
        return self._stores.use(lambda store: self._read_from(store, owner))

    def _change(self, owner: str, change: Callable[[dict[str, float]], None]) -> None:
        self._stores.use(lambda store: self._change_in(store, owner, change))

    def _change_in(
        self, store: Store, owner: str, change: Callable[[dict[str, float]], None]
    ) -> None:
        with store.lock(f"tryon-day:{digest(owner)}", wait=2.0, hold=5.0):
            times = self._read_from(store, owner)
            change(times)
            store.set(_key(owner), json.dumps(times).encode(), DAY + HOUR)

    def _read_from(self, store: Store, owner: str) -> dict[str, float]:
        since = self._clock() - DAY
        try:
            times: dict[str, float] = json.loads(store.get(_key(owner)) or b"{}")
            return {
                key: value
                for key, value in times.items()
                if (_end_of(key) if key.startswith(HOURLY) else value) > since
            }
        except (ValueError, TypeError, AttributeError):  # written by another version
            return {}


def attempt_key(key: str) -> str:
    """Return a key for one more attempt at a try-on, by its idempotency key."""
    return f"{key}:{secrets.token_hex(8)}"


def _is_of(attempt: str, key: str | None) -> bool:
    """Return whether an attempt has an idempotency key; of earlier versions, it is the key."""
    return key is not None and attempt.partition(":")[0] == key


def _key(owner: str) -> str:
    return f"tryon-day:{digest(owner)}"


def _hour(time: float) -> str:
    """Return the name of an hour, under which its try-ons are counted."""
    return f"{HOURLY}{int(time // HOUR)}"


def _end_of(hour: str) -> float:
    return (int(hour[len(HOURLY) :]) + 1) * HOUR
