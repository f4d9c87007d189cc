"""Shares tokens through the store of all processes, and does without it while it is away."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict

from ...errors import DeadlineError, LockTimeoutError, StoreUnavailableError
from ..api.models import Session
from ..storage.interface import NoSealer, Sealer, Store, digest
from .memory import MARGIN

# After so many seconds the lock of a process that died is free; longer than a mint may take.
LOCK_SECONDS = 12.0
DROPPED = "dropped"


class StoredSessions:
    """Tokens by shopper, one lock for each, and a channel for dropped ones.

    Args:
        store: What all processes share.
        sealer: Keeps tokens and shoppers from others who can read there.
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
        """Give another process's token, with over a minute left."""
        key = _key(external_id)
        try:
            raw = self._sealer.unseal(key, self._store.get(key))
        except StoreUnavailableError:
            return None
        session = _load(raw) if raw else None
        return session if session and session.expires_at - MARGIN > self._wall() else None

    def put(self, external_id: str, session: Session) -> None:
        """Let the others have this token until a minute before its end."""
        seconds = session.expires_at - MARGIN - self._wall()
        if seconds > 0:
            key = _key(external_id)
            with suppress(StoreUnavailableError):
                self._store.set(key, self._sealer.seal(key, _dump(session)), seconds)

    def drop(self, external_id: str) -> None:
        """Take a token from all processes."""
        with suppress(StoreUnavailableError):
            self._store.delete(_key(external_id))
            sealed = self._sealer.seal(DROPPED, external_id.encode())
            self._store.publish(DROPPED, base64.b64encode(sealed).decode())

    @contextmanager
    def minting(self, external_id: str, seconds: float) -> Iterator[None]:
        """Hold the right to mint for this shopper; without the store, each process for itself.

        Raises:
            DeadlineError: Another process held it all the time.
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

    def on_drop(self, listener: Callable[[str], None]) -> None:
        """Call when another process drops a shopper's token."""

        def hear(message: str) -> None:
            with suppress(binascii.Error):
                if name := self._sealer.unseal(DROPPED, base64.b64decode(message)):
                    listener(name.decode())

        self._store.subscribe(DROPPED, hear)


def _key(external_id: str) -> str:
    return f"session:{digest(external_id)}"


def _dump(session: Session) -> bytes:
    fields = asdict(session)
    if session.period_end:
        fields["period_end"] = session.period_end.isoformat()
    return json.dumps(fields).encode()


def _load(raw: bytes) -> Session | None:
    """Read what was dumped; what another version wrote otherwise counts as nothing."""
    try:
        fields = json.loads(raw)
        if fields["period_end"]:
            fields["period_end"] = dt.datetime.fromisoformat(fields["period_end"])
        return Session(**fields)
    except (ValueError, TypeError, KeyError):
        return None
