"""The tokens and customer ids that one process knows, for a bounded number of shoppers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache, TLRUCache, TTLCache

from ...errors import GenvorisError
from ..api.models import Session
from . import Shopper

# Seconds before its end in which a token is no longer handed out: the shopper needs time to use it.
MARGIN = 60.0
# Past this share of its life a token is renewed, while pages still get it.
RENEWAL_SHARE = 2 / 3
# Seconds for which a page does not ask again about a shopper whom Genvoris refused a token.
REFUSAL_SECONDS = 30.0


@dataclass(frozen=True)
class CachedSession:
    """A session in the cache.

    Attributes:
        session: The session.
        cached_at: When it was cached, in Unix seconds.
        asked_with: The customer id that the shop had for the shopper at that time.
    """

    session: Session
    cached_at: float
    asked_with: str | None

    def is_for(self, shopper: Shopper) -> bool:
        """Return whether the shop still links this shopper to the same customer."""
        return shopper.customer_id in (None, self.asked_with, self.session.customer_id)

    def should_refresh(self, now: float) -> bool:
        """Return whether it is time for a new token."""
        return now >= self.cached_at + (self.session.expires_at - self.cached_at) * RENEWAL_SHARE


class SessionCache:
    """A bounded cache of sessions, customer ids and refusals.

    Args:
        max_shoppers: How many shoppers are cached; the least recently used are evicted first.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, max_shoppers: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        # By the shopper's external id.
        self._sessions: TLRUCache[str, CachedSession] = TLRUCache(
            max_shoppers, ttu=lambda _key, cached, _now: _end(cached), timer=clock
        )
        self._customer_ids: LRUCache[str, str] = LRUCache(max_shoppers)
        self._refusals: TTLCache[str, GenvorisError] = TTLCache(
            max_shoppers, REFUSAL_SECONDS, timer=clock
        )
        self._dropped: TTLCache[str, str] = TTLCache(max_shoppers, REFUSAL_SECONDS, timer=clock)
        # cachetools is not thread-safe: without this, readers see KeyErrors.
        self._lock = threading.Lock()

    def get(self, shopper: Shopper) -> CachedSession | None:
        """Return the shopper's session, unless it ends within ``MARGIN``."""
        with self._lock:
            try:
                cached = self._sessions[shopper.external_id]  # get() would look it up twice
            except KeyError:
                return None
        return cached if cached.is_for(shopper) else None

    def put(self, shopper: Shopper, session: Session) -> bool:
        """Cache a session. Return whether its customer id is new here and to the shop."""
        cached = CachedSession(session, self._clock(), shopper.customer_id)
        with self._lock:
            self._sessions[shopper.external_id] = cached
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
            if cached:
                self._dropped[external_id] = cached.session.token
        return cached.session if cached else None

    def dropped_token(self, shopper: Shopper) -> str | None:
        """Return the token that was dropped lately: a shared store may still have it."""
        with self._lock:
            return self._dropped.get(shopper.external_id)


def _end(cached: CachedSession) -> float:
    return cached.session.expires_at - MARGIN
