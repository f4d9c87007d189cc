"""What all processes of a shop share about sessions: tokens, and the right to mint one."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict
from typing import Protocol

from ...errors import DeadlineError, LockTimeoutError, StoreUnavailableError
from ..api.models import Session
from ..storage.interface import NoSealer, Sealer, Store, digest
from .cache import MARGIN

# Seconds after which the lock of a process that died is free; longer than a mint may take.
LOCK_SECONDS = 12.0
DROPPED = "dropped"


class SharedSessions(Protocol):
    """Where processes find each other's tokens. It raises nothing while it is unavailable."""

    def get(self, external_id: str) -> Session | None:
        """Return another process's token that has more than a minute left."""

    def put(self, external_id: str, session: Session) -> None:
        """Share a token with the other processes."""

    def drop(self, external_id: str) -> None:
        """Drop a token in all processes."""

    def minting(self, external_id: str, seconds: float) -> AbstractContextManager[None]:
        """Wait for the right to mint for this shopper, and hold it.

        Raises:
            DeadlineError: Another process held it for longer than ``seconds``.
        """

    def on_drop(self, listener: Callable[[str], object]) -> None:
        """Call a function with the external id when another process drops a token."""


class NullSharedSessions:
    """Shares nothing: for a shop of one process."""

    def get(self, _external_id: str) -> Session | None:
        """Return None."""
        return None

    def put(self, _external_id: str, _session: Session) -> None:
        """Do nothing."""

    def drop(self, _external_id: str) -> None:
        """Do nothing."""

    def minting(self, _external_id: str, _seconds: float) -> AbstractContextManager[None]:
        """Return at once: within a process, mints of one shopper never overlap anyway."""
        return nullcontext()

    def on_drop(self, _listener: Callable[[str], object]) -> None:
        """Do nothing."""


class StoredSessions:
    """Shares tokens through a store: one lock per shopper, and a channel for dropped tokens.

    Args:
        store: Shared by all processes.
        sealer: Hides tokens and shoppers from others who can read the store.
        wall: The wall clock, in Unix seconds.
    """

    def __init__(
        self,
        store: Store,
        sealer: Sealer | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._sealer = sealer or NoSealer()
        self._wall = wall

    def get(self, external_id: str) -> Session | None:
        """Return another process's token that has more than a minute left."""
        key = _key(external_id)
        try:
            raw = self._sealer.unseal(key, self._store.get(key))
        except StoreUnavailableError:
            return None
        session = _load(raw) if raw else None
        return session if session and session.expires_at - MARGIN > self._wall() else None

    def put(self, external_id: str, session: Session) -> None:
        """Share a token until a minute before it expires."""
        seconds = session.expires_at - MARGIN - self._wall()
        if seconds > 0:
            key = _key(external_id)
            with suppress(StoreUnavailableError):
                self._store.set(key, self._sealer.seal(key, _dump(session)), seconds)

    def drop(self, external_id: str) -> None:
        """Drop a token in all processes."""
        with suppress(StoreUnavailableError):
            self._store.delete(_key(external_id))
            sealed = self._sealer.seal(DROPPED, external_id.encode())
            self._store.publish(DROPPED, base64.b64encode(sealed).decode())

    @contextmanager
    def minting(self, external_id: str, seconds: float) -> Iterator[None]:
        """Hold the right to mint for this shopper. Without the store, each process has it.

        Raises:
            DeadlineError: Another process held it for longer than ``seconds``.
        """
        lock = self._store.lock(f"minting:{external_id}", wait=seconds, hold=LOCK_SECONDS)
        with ExitStack() as held:
            try:
                held.enter_context(lock)
            except LockTimeoutError:
                raise DeadlineError(
                    "Another process is still minting this shopper's token."
                ) from None
            except StoreUnavailableError:
                pass
            yield

    def on_drop(self, listener: Callable[[str], object]) -> None:
        """Call a function with the external id when another process drops a token."""

        def receive(message: str) -> None:
            with suppress(binascii.Error):
                if external_id := self._sealer.unseal(DROPPED, base64.b64decode(message)):
                    listener(external_id.decode())

        self._store.subscribe(DROPPED, receive)


def _key(external_id: str) -> str:
    return f"session:{digest(external_id)}"


def _dump(session: Session) -> bytes:
    fields = asdict(session)
    if session.period_end:
        fields["period_end"] = session.period_end.isoformat()
    return json.dumps(fields).encode()


def _load(raw: bytes) -> Session | None:
    """Return a session that was dumped, or None if another version wrote it in another way."""
    try:
        fields = json.loads(raw)
        if fields["period_end"]:
            fields["period_end"] = dt.datetime.fromisoformat(fields["period_end"])
        return Session(**fields)
    except (ValueError, TypeError, KeyError):
        return None
