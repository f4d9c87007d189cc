"""Bounds how many requests of a kind may hold a worker of the web server at once."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ...errors import GenvorisError
from .per_process import PerProcess


class NoSlotError(GenvorisError):
    """All slots of this process are taken."""


class NoSlotForOwnerError(NoSlotError):
    """The owner holds as many slots as one owner can."""


@dataclass
class _Taken:
    """The slots that are taken in this process."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    owners: Counter[str | None] = field(default_factory=Counter)


class Slot:
    """A slot that one request holds, until ``free`` is called or its ``with`` block ends."""

    def __init__(self, taken: _Taken, owner: str | None) -> None:
        self._taken = taken
        self._owner = owner
        self._held = True

    def free(self) -> None:
        """Free the slot. Further calls do nothing."""
        with self._taken.lock:
            if self._held:
                self._held = False
                self._taken.owners[self._owner] -= 1
                if not self._taken.owners[self._owner]:
                    del self._taken.owners[self._owner]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.free()


class Slots:
    """A number of slots in each process, of which one owner can hold some.

    Args:
        per_owner: How many one owner can hold. It is always fewer than ``total``, unless that
            is 1.
        total: How many there are in a process; None for any number.
    """

    def __init__(self, per_owner: int, total: int | None = None) -> None:
        self._total = math.inf if total is None else total
        self._per_owner = min(per_owner, max(1, self._total - 1))
        self._taken = PerProcess(_Taken)

    def take(self, owner: str | None) -> Slot:
        """Take a slot without waiting for one.

        Args:
            owner: Whose slot it is. Requests without an owner are only limited by ``total``.

        Raises:
            NoSlotForOwnerError: The owner holds as many as one owner can.
            NoSlotError: All are taken.
        """
        taken = self._taken.get()
        with taken.lock:
            if taken.owners.total() >= self._total:
                raise NoSlotError(f"All {self._total} slots are taken.")
            if owner is not None and taken.owners[owner] >= self._per_owner:
                raise NoSlotForOwnerError(f"One owner holds {self._per_owner} slots already.")
            taken.owners[owner] += 1
        return Slot(taken, owner)
