"""What a store can do, what seals its values, and what is used while a store is unavailable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from ...errors import StoreUnavailableError
from ..concurrency.per_process import PerProcess

T = TypeVar("T")
R = TypeVar("R")


class Store(Protocol):
    """Keeps bytes by key for a while, safely for many threads and, with Redis, many processes.

    Keys are any text; a store puts its shop's own prefix in front. Every call may raise
    ``StoreUnavailableError``, and does so at once while the store is known to be unavailable. The
    caller knows best what can be done without it.
    """

    def get(self, key: str) -> bytes | None:
        """Return a value, unless it has expired."""

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds, in place of any other."""

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none. Of concurrent calls, exactly one returns True."""

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if the current one is ``expected``. Return whether it was."""

    def delete(self, *keys: str) -> None:
        """Delete values; unknown keys are ignored."""

    def lock(self, name: str, *, wait: float, hold: float) -> AbstractContextManager[None]:
        """Hold a lock.

        Args:
            name: The name of the lock. Names of locks and keys of values do not collide.
            wait: Seconds to wait for another holder.
            hold: Seconds after which the lock of a process that died is free.

        Raises:
            LockTimeoutError: Another one held it for longer than ``wait``.
        """

    def publish(self, channel: str, message: str) -> None:
        """Send a message to the other processes. Those that do not listen just now miss it."""

    def subscribe(self, channel: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the messages of other processes. Call this before first use."""

    def health_check(self) -> str | None:
        """Return what is wrong with the store and how to fix it, or None if all is well."""


class Sealer(Protocol):
    """Seals values, each under the name that it is kept by."""

    def seal(self, name: str, value: bytes) -> bytes:
        """Return a sealed value."""

    def unseal(self, name: str, sealed: bytes | None) -> bytes | None:
        """Return the value, or None if it was not sealed here under that name."""


class NoSealer:
    """For a store in this process's memory, which nobody else can read."""

    def seal(self, _name: str, value: bytes) -> bytes:
        """Return the value unchanged."""
        return value

    def unseal(self, _name: str, sealed: bytes | None) -> bytes | None:
        """Return the value unchanged."""
        return sealed


class Fallback(Generic[T]):
    """Something that all processes share, and its local substitute while it is unavailable.

    Args:
        shared: Shared by all processes; None uses the local one only.
        make_local: Creates the local one, in each process on first use.
    """

    def __init__(self, shared: T | None, make_local: Callable[[], T]) -> None:
        self._shared = shared
        self._local = PerProcess(make_local)

    def use(self, function: Callable[[T], R]) -> R:
        """Return ``function(shared)``, or ``function(local)`` while the store is unavailable."""
        if self._shared is not None:
            try:
                return function(self._shared)
            except StoreUnavailableError:
                pass
        return function(self._local.get())


def digest(text: str) -> str:
    """Return a digest to use in a key in place of a text, such as a shopper: keys can be listed."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
