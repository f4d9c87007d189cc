"""The tokens that are known: to one process, and through the store to all of a shop.

The number of shoppers is bounded in each process.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from typing import Protocol

from cachetools import LRUCache, TTLCache

from ...errors import DeadlineError, GenvorisError, LockTimeoutError, StoreUnavailableError
from ..api.models import Session
from ..storage.interface import NoSealer, Sealer, Store, digest
from . import Shopper

# Seconds before its end in which a token is no longer handed out: the shopper needs time to use it.
MARGIN = 60.0
# Past this share of its life a token is renewed, while pages still get it.
RENEWAL_SHARE = 2 / 3
# Seconds for which a page does not ask again about a shopper whom Genvoris refused a token.
REFUSAL_SECONDS = 30.0

# Seconds after which the lock of a process that died is free; longer than a mint may take.
LOCK_SECONDS = 12.0
DROPPED = "dropped"


@dataclass(frozen=True)
class CachedSession:
    """A session in the cache.

    Attributes:
        session: The session.
        customer_ids: What the shop may have for the shopper's customer id: none, what it had when
            this was cached, or what Genvoris returned. With another, it is another customer.
        refresh_at: When it is time for a new token, in Unix seconds.
        ends_at: When this one is no longer handed out, in Unix seconds.
    """

    session: Session
    customer_ids: tuple[str | None, ...]
    refresh_at: float
    ends_at: float


class SessionCache:
    """A bounded cache of sessions, customer ids and refusals.

    Args:
        max_shoppers: How many shoppers are cached; the least recently used are evicted first.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, max_shoppers: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._max_shoppers = max_shoppers
        # By the shopper's external id, the most recently used last. Every page looks one up, and
        # cachetools takes several times as long for it.
        self._sessions: OrderedDict[str, CachedSession] = OrderedDict()
        self._customer_ids: LRUCache[str, str] = LRUCache(max_shoppers)
        self._refusals: TTLCache[str, GenvorisError] = TTLCache(
            max_shoppers, REFUSAL_SECONDS, timer=clock
        )
        self._dropped: TTLCache[str, str] = TTLCache(max_shoppers, REFUSAL_SECONDS, timer=clock)
        # None of them is thread-safe: without this, readers see KeyErrors.
        self._lock = threading.Lock()

    def get(self, shopper: Shopper) -> CachedSession | None:
        """Return the shopper's session, unless it ends within ``MARGIN``."""
        external_id = shopper.external_id
        with self._lock:
            cached = self._sessions.get(external_id)
            if cached is None:
                return None
            self._sessions.move_to_end(external_id)
        if cached.ends_at <= self._clock() or shopper.customer_id not in cached.customer_ids:
            return None
        return cached

    def put(self, shopper: Shopper, session: Session) -> bool:
        """Cache a session. Return whether its customer id is new here and to the shop."""
        now = self._clock()
        cached = CachedSession(
            session,
            customer_ids=(None, shopper.customer_id, session.customer_id),
            refresh_at=now + (session.expires_at - now) * RENEWAL_SHARE,
            ends_at=session.expires_at - MARGIN,
        )
        with self._lock:
            self._sessions[shopper.external_id] = cached
            self._sessions.move_to_end(shopper.external_id)
            if len(self._sessions) > self._max_shoppers:
                self._sessions.popitem(last=False)
            self._refusals.pop(shopper.external_id, None)
            known = (shopper.customer_id, self._customer_ids.get(shopper.external_id))
            self._customer_ids[shopper.external_id] = session.customer_id
            return session.customer_id not in known

    def customer_id(self, shopper: Shopper) -> str | None:
        """Return Genvoris's id of the shopper, if it is known here or to the shop."""
        if cached := self.get(shopper):
            return cached.session.customer_id
        with self._lock:
            return shopper.customer_id or self._customer_ids.get(shopper.external_id)

    def refusal(self, shopper: Shopper) -> GenvorisError | None:
        """Return the error with which Genvoris refused this shopper a token lately, if it did."""
        with self._lock:
            return self._refusals.get(shopper.external_id)

    def put_refusal(self, shopper: Shopper, error: GenvorisError) -> None:
        """Remember for a while that Genvoris refuses this shopper."""
        with self._lock:
            self._refusals[shopper.external_id] = error

    def drop(self, external_id: str) -> Session | None:
        """Remove and return a session. The customer id stays, since it never changes."""
        with self._lock:
            self._refusals.pop(external_id, None)
            cached = self._sessions.pop(external_id, None)
            if cached is None or cached.ends_at <= self._clock():
                return None
            self._dropped[external_id] = cached.session.token
        return cached.session

    def dropped_token(self, shopper: Shopper) -> str | None:
        """Return the token that was dropped lately: a shared store may still have it."""
        with self._lock:
            return self._dropped.get(shopper.external_id)


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
