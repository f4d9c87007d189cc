"""What a store can do, and what seals its values; the rooms above know these alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Store(Protocol):
    """Keeps bytes by key for a while, safely for many threads and, with Redis, many processes.

    Keys are any text; a store puts its shop's own prefix in front. All calls may raise
    ``StoreUnavailableError``, at once while the store is known to be away: the caller knows best
    what can be done without it.
    """

    def get(self, key: str) -> bytes | None:
        """Give what is kept, unless its time is over."""

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds, whatever was there."""

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none; of many who try at once, one gets True."""

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if what is kept now is still ``expected``; else change nothing."""

    def delete(self, *keys: str) -> None:
        """Forget values; those that are not there do no harm."""

    def lock(self, name: str, *, wait: float, hold: float) -> AbstractContextManager[None]:
        """Hold a lock.

        Args:
            name: What is locked; it shares no names with the keys.
            wait: Seconds to wait for whoever holds it.
            hold: Seconds after which the lock of a process that died is free.

        Raises:
            LockTimeoutError: Somebody else held it all the time.
        """

    def publish(self, channel: str, message: str) -> None:
        """Tell the other processes; those that do not listen just now never hear of it."""

    def subscribe(self, channel: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with what other processes publish. To be called before first use."""

    def fault(self) -> str | None:
        """Return what is wrong with the store and what to do, or None when all is well."""


class Sealer(Protocol):
    """Seals values, each under the name that it is kept by."""

    def seal(self, name: str, value: bytes) -> bytes:
        """Return a value as it may be kept."""

    def unseal(self, name: str, sealed: bytes | None) -> bytes | None:
        """Return the value, or None if it was not sealed here under that name."""


class NoSealer:
    """For a store in the memory of this process, which nobody else can read."""

    def seal(self, _name: str, value: bytes) -> bytes:
        """Return the value as it is."""
        return value

    def unseal(self, _name: str, sealed: bytes | None) -> bytes | None:
        """Return the value as it is."""
        return sealed


def digest(text: str) -> str:
    """Name something in a key without writing it there, such as a shopper: keys can be listed."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
