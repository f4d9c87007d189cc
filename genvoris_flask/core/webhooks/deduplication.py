"""Sees to it that an event is handled once, however often and wherever it is delivered."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import StoreUnavailableError
from ..storage.interface import Store, digest

log = logging.getLogger("genvoris_flask.webhooks")

# Longer than any attempt (10 s), shorter than the wait before a late retry: after a process died
# in the middle of an event, the lock is free again when the next delivery comes.
HOLD_SECONDS = 120.0
# Deliveries are repeated for under three hours (contract); the rest is for people who press
# “send again”.
KEEP_SECONDS = 7 * 24 * 3600.0


class Deliveries:
    """Which events were handled, by their signed id.

    Args:
        store: Where that is kept; shared, when several processes receive deliveries.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def once(self, event_id: str, handle: Callable[[], None]) -> bool:
        """Handle an event unless it was handled before; True when it was handled now.

        It counts as handled once ``handle`` has returned. A process that dies before that, or
        before it could write it down, leaves the event to the next delivery: at least once.

        Raises:
            LockTimeoutError: It is being handled at this moment.
            StoreUnavailableError: The store cannot be asked, so nothing was done.
        """
        key = f"webhook:{digest(event_id)}"
        if self._store.get(key):
            return False
        with self._store.lock(key, wait=0, hold=HOLD_SECONDS):
            if self._store.get(key):
                return False
            handle()
            self._remember(key, event_id)
        return True

    def _remember(self, key: str, event_id: str) -> None:
        try:
            self._store.set(key, b"handled", KEEP_SECONDS)
        except StoreUnavailableError:
            # It was handled all the same, and saying otherwise would bring it once more for sure.
            log.warning("Event %s was handled, but that could not be written down.", event_id)
