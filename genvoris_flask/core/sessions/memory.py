"""Remembers tokens and customer ids in this process, bounded in shoppers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache, TLRUCache, TTLCache

from ...errors import GenvorisError
from ..api.models import Session
from .shopper import Shopper

# A token is never handed out within this many seconds of its end: the shopper needs time to use it.
MARGIN = 60.0
# Past this share of its life a token is renewed, while pages still get it.
RENEWAL_SHARE = 2 / 3
# For so many seconds a page does not ask again about a shopper whom Genvoris refused a token.
REFUSAL_SECONDS = 30.0


@dataclass(frozen=True)
class Kept:
    """A session, when it was kept, and the customer id that the shop gave at that time."""

    session: Session
    kept_at: float
    asked_with: str | None

    def is_for(self, shopper: Shopper) -> bool:
        """Say whether the shop still links this shopper to the same customer."""
        return shopper.customer_id in (None, self.asked_with, self.session.customer_id)

    def is_due(self, now: float) -> bool:
        """Say whether it is time for a new one."""
        return now >= self.kept_at + (self.session.expires_at - self.kept_at) * RENEWAL_SHARE


class SessionMemory:
    """A bounded cache of sessions, customer ids and refusals, by the shopper's external id.

    Args:
        max_shoppers: How many are remembered; the least recently used go first.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, max_shoppers: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: TLRUCache[str, Kept] = TLRUCache(
            max_shoppers, ttu=lambda _key, kept, _now: kept.session.expires_at - MARGIN, timer=clock
        )
        self._customer_ids: LRUCache[str, str] = LRUCache(max_shoppers)
        self._refusals: TTLCache[str, GenvorisError] = TTLCache(
            max_shoppers, REFUSAL_SECONDS, timer=clock
        )
        self._dropped: TTLCache[str, str] = TTLCache(max_shoppers, REFUSAL_SECONDS, timer=clock)
        # cachetools is not thread-safe: without this, readers see KeyErrors.
        self._lock = threading.Lock()

    def find(self, shopper: Shopper) -> Kept | None:
        """Give what is kept, unless it ends within the margin."""
        with self._lock:
            kept = self._sessions.get(shopper.external_id)
        return kept if kept and kept.is_for(shopper) else None

    def customer_id(self, shopper: Shopper) -> str | None:
        """Give Genvoris's id of the shopper, when it is known."""
        with self._lock:
            return self._customer_ids.get(shopper.external_id)

    def keep(self, shopper: Shopper, session: Session) -> bool:
        """Remember a session; True when its customer id is news to us and to the shop."""
        kept = Kept(session, self._clock(), shopper.customer_id)
        with self._lock:
            self._sessions[shopper.external_id] = kept
            self._refusals.pop(shopper.external_id, None)
            known = (shopper.customer_id, self._customer_ids.get(shopper.external_id))
            self._customer_ids[shopper.external_id] = session.customer_id
            return session.customer_id not in known

    def refusal(self, shopper: Shopper) -> GenvorisError | None:
        """Give why this shopper was refused a token just now, if they were."""
        with self._lock:
            return self._refusals.get(shopper.external_id)

    def keep_refusal(self, shopper: Shopper, error: GenvorisError) -> None:
        """Remember that Genvoris refuses this shopper."""
        with self._lock:
            self._refusals[shopper.external_id] = error

    def forget(self, external_id: str) -> Session | None:
        """Forget and give the session; the customer id stays, since it never changes."""
        with self._lock:
            self._refusals.pop(external_id, None)
            kept = self._sessions.pop(external_id, None)
            if kept:
                self._dropped[external_id] = kept.session.token
        return kept.session if kept else None

    def dropped(self, shopper: Shopper) -> str | None:
        """Give the token that was forgotten just now: a shared store may still have it."""
        with self._lock:
            return self._dropped.get(shopper.external_id)
