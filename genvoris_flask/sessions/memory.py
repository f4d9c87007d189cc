"""Remembers tokens and customer ids in this process, bounded in shoppers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache, TLRUCache

from ..api.models import Session
from .shopper import Shopper

# A token is never handed out within this many seconds of its end: the shopper needs time to use it.
MARGIN = 60.0


@dataclass(frozen=True)
class Kept:
    """A session, and the customer id that the shop gave when it was minted."""

    session: Session
    asked_with: str | None

    def is_for(self, shopper: Shopper) -> bool:
        """Say whether the shop still links this shopper to the same customer."""
        return shopper.customer_id in (None, self.asked_with, self.session.customer_id)


class SessionMemory:
    """A bounded cache of sessions and customer ids, by the shopper's external id.

    Args:
        max_shoppers: How many are remembered; the least recently used go first.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, max_shoppers: int, clock: Callable[[], float]) -> None:
        self._sessions: TLRUCache[str, Kept] = TLRUCache(
            max_shoppers, ttu=lambda _key, kept, _now: kept.session.expires_at - MARGIN, timer=clock
        )
        self._customer_ids: LRUCache[str, str] = LRUCache(max_shoppers)
        # cachetools is not thread-safe: without this, readers see KeyErrors.
        self._lock = threading.Lock()

    def session(self, shopper: Shopper) -> Session | None:
        """Give the session, unless it ends within the margin."""
        with self._lock:
            kept = self._sessions.get(shopper.external_id)
        return kept.session if kept and kept.is_for(shopper) else None

    def customer_id(self, shopper: Shopper) -> str | None:
        """Give Genvoris's id of the shopper, when it is known."""
        with self._lock:
            return self._customer_ids.get(shopper.external_id)

    def keep(self, shopper: Shopper, session: Session) -> bool:
        """Remember a session; True when its customer id is news to us and to the shop."""
        with self._lock:
            self._sessions[shopper.external_id] = Kept(session, shopper.customer_id)
            known = (shopper.customer_id, self._customer_ids.get(shopper.external_id))
            self._customer_ids[shopper.external_id] = session.customer_id
            return session.customer_id not in known

    def forget(self, shopper: Shopper) -> None:
        """Forget the session; the customer id stays, since it never changes."""
        with self._lock:
            self._sessions.pop(shopper.external_id, None)
