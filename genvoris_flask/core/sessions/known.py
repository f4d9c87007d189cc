"""Remembers which shoppers Genvoris knows, so that a page need not ask about the others."""

from __future__ import annotations

from contextlib import suppress

from ...errors import StoreUnavailableError
from ..storage.interface import Store, digest

# Whoever comes back later gets a token with their first click, and is then known again. So the
# store holds no more than the shoppers of these days, and in memory no more than it has room for.
KNOWN_SECONDS = 6 * 24 * 3600.0
KNOWN = b"known"


class KnownShoppers:
    """The shoppers who have had a token or a plan lately, as all processes know them.

    Args:
        store: Shared by all processes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __contains__(self, external_id: str) -> bool:
        """Return whether Genvoris knows a shopper; False while the store is unavailable."""
        try:
            return self._store.get(_key(external_id)) == KNOWN
        except StoreUnavailableError:
            return False

    def add(self, external_id: str) -> None:
        """Remember that Genvoris knows a shopper."""
        with suppress(StoreUnavailableError):
            self._store.set(_key(external_id), KNOWN, KNOWN_SECONDS)


def _key(external_id: str) -> str:
    return f"known:{digest(external_id)}"
