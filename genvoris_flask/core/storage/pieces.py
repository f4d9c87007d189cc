"""Keeps large values, such as pictures, in pieces that are small enough for one command."""

from __future__ import annotations

from .interface import Sealer, Store

# A call to Redis may take a quarter of a second, and a picture can be large on a slow network.
PIECE_BYTES = 256 * 1024


class Pieces:
    """Large values under a name: ``NAME`` has the number of pieces, ``NAME:N`` one of them.

    Args:
        store: Where they are kept.
        sealer: Keeps them from others who can read the store.
    """

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def get(self, name: str) -> bytes | None:
        """Return a value, unless it or a part of it has expired."""
        keys = self._keys(name)
        pieces = [piece for key in keys if (piece := self._get(key)) is not None]
        return b"".join(pieces) if pieces and len(pieces) == len(keys) else None

    def set(self, name: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds. It can be read once all of it is written."""
        starts = range(0, len(value), PIECE_BYTES)
        for number, start in enumerate(starts):
            self._set(f"{name}:{number}", value[start : start + PIECE_BYTES], seconds)
        self._set(name, str(len(starts)).encode(), seconds)

    def delete(self, name: str) -> None:
        """Delete a value."""
        self._store.delete(*self._keys(name), name)

    def _keys(self, name: str) -> list[str]:
        count = int(self._get(name) or 0)
        return [f"{name}:{number}" for number in range(count)]

    def _get(self, key: str) -> bytes | None:
        return self._sealer.unseal(key, self._store.get(key))

    def _set(self, key: str, value: bytes, seconds: float) -> None:
        self._store.set(key, self._sealer.seal(key, value), seconds)
