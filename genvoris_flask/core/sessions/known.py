"""Remembers which shoppers Genvoris knows, so that it is asked about few whom it does not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ...errors import StoreUnavailableError
from ..pacing import Pace, Priority
from ..rates import Rate
from ..storage.interface import Store, digest

# Whoever comes back later gets a token with their first click, and is then known again. So the
# store holds no more than the shoppers of these days, and in memory no more than it has room for.
KNOWN_SECONDS = 6 * 24 * 3600.0
KNOWN = b"known"
ASKED = b"asked"
# Genvoris counts whom it sees for the first time by the hour.
ASKED_SECONDS = 3600.0


class KnownShoppers:
    """The shoppers who have had a token or a plan lately, as all processes know them.

    Args:
        store: Shared by all processes.
        pace: Limits how many unknown shoppers Genvoris is asked about. None: it does not.
    """

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        self._store = store
        self._pace = pace

    def __contains__(self, external_id: str) -> bool:
        """Return whether Genvoris knows a shopper; False while the store is unavailable."""
        return self._read(external_id) == KNOWN

    def is_unknown(self, external_id: str) -> bool:
        """Return whether Genvoris said lately that it does not know a shopper."""
        return self._read(external_id) == ASKED

    def is_new(self, external_id: str) -> bool:
        """Return whether Genvoris was not asked about a shopper lately, as far as can be told."""
        return self._read(external_id) is None

    def add(self, external_id: str) -> None:
        """Remember that Genvoris knows a shopper."""
        with suppress(StoreUnavailableError):
            self._store.set(_key(external_id), KNOWN, KNOWN_SECONDS)

    def count_mint(self, external_id: str, rates: Sequence[Rate]) -> None:
        """Count a token of a shopper's, of whom each log-out costs one.

        Raises:
            PacedError: The shopper has had too many lately.
        """
        if self._pace is not None:
            self._pace.take_own("mints", external_id, rates)

    def introduce(self, external_id: str, priority: Priority, *, registers: bool = False) -> None:
        """Count a shopper whom Genvoris may see for the first time, once an hour.

        Args:
            external_id: The shop's own id.
            priority: How urgent it is.
            registers: Whether the shopper is registered next, unless Genvoris knows them.

        Raises:
            PacedError: Genvoris must not be asked about any more now.
        """
        if self._pace is None:
            return
        seen = self._read(external_id)
        if seen == ASKED and registers:
            self._pace.check("registrations")
        if seen is None:
            self._pace.take("new_shoppers", priority)
            with suppress(StoreUnavailableError):
                self._store.add(_key(external_id), ASKED, ASKED_SECONDS)

    def _read(self, external_id: str) -> bytes | None:
        try:
            return self._store.get(_key(external_id))
        except StoreUnavailableError:
            return None


def _key(external_id: str) -> str:
    return f"known:{digest(external_id)}"
