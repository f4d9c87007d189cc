"""The sandbox's time: the machine's, moved as far as someone asked."""

from __future__ import annotations

from collections.abc import Callable

from .key_value import recall, remember
from .store import Store

NAME = "clock_offset"


class SandboxClock:
    """Gives Unix seconds, and keeps over restarts how far it was moved.

    Args:
        base: The time that it is ahead of.
        store: Where it keeps how far.
    """

    def __init__(self, base: Callable[[], float], store: Store) -> None:
        self._base = base
        self._store = store
        with store.transaction() as db:
            self.offset = float(recall(db, NAME, 0.0))

    def __call__(self) -> float:
        """Give the time, in Unix seconds."""
        return self._base() + self.offset

    def advance(self, seconds: float) -> None:
        """Move by so many seconds."""
        self._keep(self.offset + seconds)

    def set(self, time: float) -> None:
        """Move to a time, in Unix seconds; from there it runs on."""
        self._keep(time - self._base())

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._keep(0.0)

    def _keep(self, offset: float) -> None:
        with self._store.transaction() as db:
            remember(db, NAME, offset)
            self.offset = offset
