"""Keeps the calls of all processes together under the limits that Genvoris publishes.

A call that would exceed a limit is not sent: it raises ``PacedError``, which says when it may be.
What is less urgent leaves room for what a shopper waits for. When Genvoris itself answers that a
call comes too often, all processes hold that kind of call back until Retry-After has passed.
"""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import Literal

from ..errors import Problem, RateLimitedError, StoreUnavailableError
from .concurrency.per_process import PerProcess
from .rate_limits import MemoryWindows, Windows
from .rates import PACE, Rate, parse_rates
from .storage.interface import Store, digest

log: logging.Logger = logging.getLogger("genvoris_flask.api")

Call = Literal[
    "mints", "registrations", "new_shoppers", "tryons", "usage", "metering", "events", "orders"
]
# While the store is unavailable, a process cannot know what the others send.
SHARE_ALONE = 0.25
DEFAULT_HOLD = 5.0  # seconds, if Genvoris does not say for how long
LONGEST_HOLD = 3600.0
_CALLS: list[tuple[str, re.Pattern[str], Call]] = [
    ("POST", re.compile(r"/customers/[^/]+/sessions"), "mints"),
    ("POST", re.compile(r"/customers"), "registrations"),
    ("GET", re.compile(r"/customers/[^/]+/usage"), "usage"),
    ("POST", re.compile(r"/api/tryon"), "tryons"),
    ("POST", re.compile(r"/api/tryon/track"), "metering"),
    ("POST", re.compile(r"(/api/v1)?/events"), "events"),
    ("POST", re.compile(r"/(conversions|returns)"), "orders"),
]


class PacedError(RateLimitedError):
    """The request was not sent, since it would exceed a limit of Genvoris's."""


class Priority(IntEnum):
    """How urgent a call is, the most urgent first."""

    SALE = 0  # counted, and refused only while Genvoris asks to wait
    SHOPPER = 1
    PAGE = 2
    BACKGROUND = 3


# The share of a limit that a call leaves to those that are more urgent.
SPARE = {Priority.PAGE: 0.2, Priority.BACKGROUND: 0.5}


def call_of(method: str, path: str) -> Call | None:
    """Return what kind of call a request is, or None if there is no limit for it."""
    for its_method, pattern, call in _CALLS:
        if method == its_method and pattern.fullmatch(path):
            return call
    return None


class Pace:
    """Counts calls for all processes, and holds them back.

    Args:
        store: Returns where it is noted until when a kind of call is held back.
        windows: Returns what counts for all processes; None counts for this one only.
        rates: How often each kind of call may be sent; others have no limit.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        windows: Callable[[], Windows | None] = lambda: None,
        rates: Mapping[str, str] = PACE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open_store = store
        self.change_rates(rates)
        self._clock = clock
        self._held_until: dict[str, float] = {}
        self._shared = functools.cache(windows)
        self._local = PerProcess(lambda: MemoryWindows(clock=clock))

    def change_rates(self, rates: Mapping[str, str]) -> None:
        """Go by other rates from now on. Those that differ begin to count anew."""
        self._rates = {name: parse_rates(text) for name, text in rates.items()}
        self._alone = {
            name: [rate.share(SHARE_ALONE) for rate in each] for name, each in self._rates.items()
        }

    def take(self, call: Call, priority: Priority = Priority.SHOPPER) -> None:
        """Count a call that is about to be sent.

        Raises:
            PacedError: It must not be sent yet.
        """
        if wait := self._held_for(call):
            raise PacedError(_problem(call, wait))
        spare = SPARE.get(priority, 0.0)
        wait = self._ask(call, lambda windows, rates, key: windows.hit(rates, key, spare))
        if wait and priority is not Priority.SALE:
            raise PacedError(_problem(call, wait))

    def take_own(self, call: Call, owner: str, rates: Sequence[Rate]) -> None:
        """Count a call for one shopper, so that none uses up what is for all.

        Args:
            call: What is about to be sent.
            owner: The shopper.
            rates: How often it may be sent for one shopper.

        Raises:
            PacedError: It must not be sent yet.
        """
        key = f"pace:{call}:{digest(owner)}"
        if wait := self._count(lambda windows, own: windows.hit(own, key), rates, rates):
            raise PacedError(_problem(call, wait))

    def check(self, call: Call) -> None:
        """Raise PacedError unless a shopper's call may be sent now."""
        if wait := self.wait(call):
            raise PacedError(_problem(call, wait))

    def wait(self, call: Call) -> float:
        """Return the seconds until a shopper's call may be sent; 0 if it may be now."""
        return self._held_for(call) or self._ask(
            call, lambda windows, rates, key: windows.wait(rates, key)
        )

    def hold(self, call: Call, seconds: float | None) -> None:
        """Hold a kind of call back in all processes, since Genvoris asks for it."""
        seconds = min(LONGEST_HOLD, DEFAULT_HOLD if seconds is None else seconds)
        until = self._clock() + seconds
        log.warning(
            "Genvoris limits the shop's %s; the next are sent in %.0f s.", _name(call), seconds
        )
        self._held_until[call] = max(until, self._held_until.get(call, 0.0))
        with suppress(StoreUnavailableError):
            self._open_store().set(f"pace:{call}", repr(until).encode(), max(1.0, seconds))

    def _held_for(self, call: Call) -> float:
        until = self._held_until.get(call, 0.0)
        with suppress(StoreUnavailableError, ValueError):
            until = max(until, float(self._open_store().get(f"pace:{call}") or 0.0))
        wait = until - self._clock()
        return min(wait, LONGEST_HOLD) if wait > 0 else 0.0

    def _ask(
        self, call: Call, ask: Callable[[Windows, Sequence[Rate], str], float | None]
    ) -> float:
        """Ask what counts for all processes, or else for this one with a part of the rates."""
        if call not in self._rates:
            return 0.0
        key = f"pace:{call}"
        return self._count(
            lambda windows, rates: ask(windows, rates, key), self._rates[call], self._alone[call]
        )

    def _count(
        self,
        ask: Callable[[Windows, Sequence[Rate]], float | None],
        rates: Sequence[Rate],
        alone: Sequence[Rate],
    ) -> float:
        """Ask the windows of all processes, or this one's: by ``alone`` while the store is away."""
        shared = self._shared()
        if shared is None:
            return ask(self._local.get(), rates) or 0.0
        try:
            return ask(shared, rates) or 0.0
        except StoreUnavailableError:
            return ask(self._local.get(), alone) or 0.0


def _name(call: Call) -> str:
    return call.replace("_", " ")


def _problem(call: Call, wait: float) -> Problem:
    detail = f"Genvoris's limit of {_name(call)} would be exceeded; there is room in {wait:.0f} s."
    return Problem(429, "rate_limited", detail, retry_after=wait)
