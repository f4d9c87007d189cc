"""Processes each event once, however often and to whichever process it is delivered."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import StoreUnavailableError
from ..storage.interface import Store, digest

log = logging.getLogger("genvoris_flask.webhooks")

# Longer than any attempt (10 s), shorter than the pause before a late retry: when a process dies
# while it handles an event, the lock has expired by the time of the next delivery.
HOLD_SECONDS = 120.0
# Genvoris repeats deliveries for less than three hours. The rest is for manual redeliveries.
KEEP_SECONDS = 7 * 24 * 3600.0


class Deduplicator:
    """Remembers which events were handled, by their signed ids.

    Args:
        store: Holds the records. It must be shared if several processes receive deliveries.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def once(self, event_id: str, handle: Callable[[], None]) -> bool:
        """Call ``handle`` unless the event was handled before.

        An event counts as handled once ``handle`` has returned. If the process dies before that,
        or before the record is written, the next delivery handles the event again: at least once.

        Returns:
            Whether ``handle`` was called.

        Raises:
            LockTimeoutError: Another delivery of the event is being handled.
            StoreUnavailableError: The store does not answer; nothing was done.
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
            # An error here would make Genvoris deliver the handled event again for certain.
            log.warning("Event %s was handled, but could not be recorded as handled.", event_id)
