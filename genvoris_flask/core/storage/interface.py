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

# A call to Redis may take a quarter of a second, and a picture can be large on a slow network.
PIECE_BYTES = 256 * 1024


class RecordStore(Protocol):
    """Keeps bytes by key: the shared store, or the ledger's database in one transaction.

    The database keeps values for good, and locks all of them at the start of the transaction.
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


class Store(RecordStore, Protocol):
    """Keeps bytes by key for a while, safely for many threads and, with Redis, many processes.

    Keys are any text; a store puts its shop's own prefix in front. Every call may raise
    ``StoreUnavailableError``, and does so at once while the store is known to be unavailable. The
    caller knows best what can be done without it.
    """

    def publish(self, channel: str, message: str) -> None:
        """Send a message to the other processes. Those that do not listen just now miss it."""

    def subscribe(self, channel: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the messages of other processes. Call this before first use."""

    def is_available(self) -> bool:
        """Return whether the store can be written now, which costs one command."""

    def was_emptied(self) -> bool:
        """Return whether the store lost all values within the last seconds.

        A Redis that keeps nothing on disk does when it restarts. Its values are written again by
        the processes that have them, so what is missing now may be there soon.

        Raises:
            StoreUnavailableError: It cannot be written, so that it may never have had a value.
        """

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


def key_of_owner(owner: str, key: str) -> str:
    """Return the Idempotency-Key that Genvoris, or Stripe, gets for an owner's key.

    All shoppers share the shop's API key there, so equal keys of two shoppers must not stay equal.
    """
    return digest(digest(owner) + key)


class Pieces:
    """Large values under a name: ``NAME`` has the number of pieces, ``NAME:N`` one of them.

    Args:
        store: Where they are kept.
        sealer: Keeps them from others who can read the store.
    """

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def get(self, name: str) -> bytes | None:
        """Return a value, unless it or a part of it has expired."""
        keys = self._keys(name)
        pieces = [piece for key in keys if (piece := self._get(key)) is not None]
        return b"".join(pieces) if pieces and len(pieces) == len(keys) else None

    def set(self, name: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds. It can be read once all of it is written."""
        starts = range(0, len(value), PIECE_BYTES)
        for number, start in enumerate(starts):
            self._set(f"{name}:{number}", value[start : start + PIECE_BYTES], seconds)
        self._set(name, str(len(starts)).encode(), seconds)

    def delete(self, name: str) -> None:
        """Delete a value."""
        self._store.delete(*self._keys(name), name)

    def _keys(self, name: str) -> list[str]:
        count = int(self._get(name) or 0)
        return [f"{name}:{number}" for number in range(count)]

    def _get(self, key: str) -> bytes | None:
        return self._sealer.unseal(key, self._store.get(key))

    def _set(self, key: str, value: bytes, seconds: float) -> None:
        self._store.set(key, self._sealer.seal(key, value), seconds)
