"""Slows try-ons down before the shop's credits are spent so fast that Genvoris suspends its key.

Genvoris does so if all of a shop's credits are spent within half an hour. It reports how many are
left with each try-on, and in its webhooks about credits; what was spent is counted here, for all
processes together.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from ...errors import LockTimeoutError
from ..storage.interface import Fallback, Store
from ..storage.memory_store import MemoryStore

# Whom a try-on is for. The first pause first.
Tier = Literal["guest", "free", "paying"]
Paused = Literal["nobody", "guests", "free", "all"]
WINDOW = 30 * 60.0  # seconds
MINUTE = 60.0
NOTICE_SHARE = 0.5  # of what would suspend the shop
PAUSE_SHARES: dict[Tier, float] = {"guest": 0.7, "free": 0.8, "paying": 0.9}
NAMES: dict[Tier, Paused] = {"guest": "guests", "free": "free", "paying": "all"}
# The last credits of a pool are always all of them, so a small one is not measured.
SMALL_POOL = 20
KEY = "credits-spent"
KEPT_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class BurnNotice:
    """How fast the shop's credits are being spent.

    Attributes:
        spent: Credits that were spent in the last half hour.
        pool: Credits that there were at its start.
        paused: Whose try-ons are paused now: guests', also free ones, everybody's, or nobody's.
    """

    spent: int
    pool: int
    paused: Paused


@dataclass(frozen=True)
class CreditLevel:
    """The shop's credits, as far as Genvoris has said.

    Attributes:
        left: How many are left; None if Genvoris has not said so within a day.
        paused: Whose try-ons are paused now.
    """

    left: int | None
    paused: Paused


@dataclass
class _Ledger:
    """What was spent by the minute, and the most that was left in each; and what is left now."""

    minutes: dict[int, list[int]] = field(default_factory=dict)
    left: int | None = None

    def forget_until(self, time: float) -> None:
        """Forget the minutes that ended at a time or before."""
        old = [minute for minute in self.minutes if (minute + 1) * MINUTE <= time]
        for minute in old:
            del self.minutes[minute]

    @property
    def spent(self) -> int:
        return sum(count for count, _ in self.minutes.values())

    @property
    def pool(self) -> int:
        return max([most for _, most in self.minutes.values()] + [self.left or 0])

    def share(self, more: int = 0) -> float:
        """Return the share of the pool that is spent, after so many more."""
        return (self.spent + more) / self.pool if self.pool >= SMALL_POOL else 0.0


class BurnGuard:
    """Counts credits, and pauses try-ons: guests' first, then free ones, then all.

    While the store is unavailable, each process counts by itself.

    Args:
        store: Shared by all processes.
        clock: The wall clock, in Unix seconds.
        notify: Called when half of what would suspend the shop is spent, and at each pause.
        is_on: Whether try-ons are counted and paused at all.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        notify: Callable[[BurnNotice], object],
        *,
        is_on: bool = True,
    ) -> None:
        self._is_on = is_on
        self._stores: Fallback[Store] = Fallback(store, lambda: MemoryStore(clock))
        self._clock = clock
        self._notify = notify

    def wait(self, tier: Callable[[], Tier]) -> float:
        """Return the seconds until a try-on may be made; 0 if it may be now.

        Args:
            tier: Returns whom it is for; called only if that matters.
        """
        return self._wait(self._stores.use(self._read), tier) if self._is_on else 0.0

    def take(self, tier: Callable[[], Tier]) -> float:
        """Count a try-on that is about to be made; return the seconds to wait if it is paused."""
        waits: list[float] = []

        def spend(ledger: _Ledger) -> None:
            if wait := self._wait(ledger, tier):
                waits.append(wait)
            else:
                self._minute(ledger)[0] += 1

        ledger = self._change(spend)
        if ledger is not None:
            self._tell(ledger, is_paused=bool(waits))
        return waits[0] if waits else 0.0

    def give_back(self) -> None:
        """Stop counting a try-on that cost nothing."""

        def undo(ledger: _Ledger) -> None:
            spent = next((each for each in reversed(ledger.minutes.values()) if each[0]), None)
            if spent is not None:
                spent[0] -= 1

        self._change(undo)

    def report(self, left: int) -> None:
        """Note how many credits are left, as Genvoris says."""

        def note(ledger: _Ledger) -> None:
            ledger.left = left
            minute = self._minute(ledger)
            minute[1] = max(minute[1], left)

        self._change(note)

    def level(self) -> CreditLevel:
        """Return how many credits are left, and whose try-ons are paused."""
        ledger = self._stores.use(self._read)
        return CreditLevel(ledger.left, _paused(ledger) if self._is_on else "nobody")

    def _wait(self, ledger: _Ledger, tier: Callable[[], Tier]) -> float:
        if ledger.share(1) <= min(PAUSE_SHARES.values()):
            return 0.0
        limit = PAUSE_SHARES[tier()]
        wait, now = 0.0, self._clock()
        for minute in sorted(ledger.minutes):
            if ledger.share(1) <= limit:
                break
            wait = (minute + 1) * MINUTE + WINDOW - now
            ledger = _Ledger({**ledger.minutes}, ledger.left)
            del ledger.minutes[minute]
        return max(wait, 1.0) if wait else 0.0

    def _minute(self, ledger: _Ledger) -> list[int]:
        return ledger.minutes.setdefault(int(self._clock() // MINUTE), [0, 0])

    def _tell(self, ledger: _Ledger, *, is_paused: bool) -> None:
        """Tell the owner, once in half an hour for each step."""
        share = ledger.share(1 if is_paused else 0)
        if share < NOTICE_SHARE:
            return
        paused = _paused(ledger)
        if self._stores.use(lambda store: store.add(f"{KEY}:{paused}", b"1", WINDOW)):
            self._notify(BurnNotice(ledger.spent, ledger.pool, paused))

    def _change(self, change: Callable[[_Ledger], None]) -> _Ledger | None:
        """Change what was counted and return it; None if others change it all the time."""
        if not self._is_on:
            return None

        def run(store: Store) -> _Ledger:
            with store.lock(KEY, wait=2.0, hold=5.0):
                ledger = self._read(store)
                change(ledger)
                fields = {"minutes": ledger.minutes, "left": ledger.left}
                store.set(KEY, json.dumps(fields).encode(), KEPT_SECONDS)
            return ledger

        with suppress(LockTimeoutError):
            return self._stores.use(run)
        return None

    def _read(self, store: Store) -> _Ledger:
        ledger = _Ledger()
        with suppress(ValueError, TypeError, KeyError, AttributeError):  # of another version
            fields = json.loads(store.get(KEY) or b"{}")
            minutes = {int(minute): list(each) for minute, each in fields["minutes"].items()}
            ledger = _Ledger(minutes, fields["left"])
        ledger.forget_until(self._clock() - WINDOW)
        return ledger


def _paused(ledger: _Ledger) -> Paused:
    """Return whose try-ons are paused after what was spent."""
    paused: Paused = "nobody"
    for tier, name in NAMES.items():
        if ledger.share(1) > PAUSE_SHARES[tier]:
            paused = name
    return paused
