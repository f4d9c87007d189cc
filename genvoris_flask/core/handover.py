"""Hands a photo over from a shopper's phone to the dialog that waits for it on their computer.

=====================  ===================================================================
handover:ID            whose dialog waits, and until when
handover:ID:connected  exists once a phone has opened the link
handover:ID:photo      where the photo is; the first to write it is the one that was sent
handover:ID:UPLOAD     the photo, in pieces
handover-of:OWNER      the owner's latest handover, which replaces earlier ones
=====================  ===================================================================

The phone proves by a token that its link came from the dialog; the dialog proves by the shop's
cookie whose it is. ID is the token's digest, so neither a list of keys nor a log of requests tells
the token. All that is about people is sealed, and nothing outlives the link by more than minutes.
Every call may raise ``StoreUnavailableError``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import GenvorisError
from .images.photos import Photo, check_photo
from .storage.interface import Pieces, Sealer, Store, digest

LINK_SECONDS = 300.0
# For a dialog that polls every other second, with time for a computer that has fallen asleep.
PHOTO_SECONDS = 120.0
TOKEN_BYTES = 16
_TAKEN = b"taken"


class HandoverOverError(GenvorisError):
    """The link has expired, its dialog was closed, or there never was one."""


class HandoverUsedError(GenvorisError):
    """A photo was already sent by the link."""


@dataclass(frozen=True)
class Handover:
    """A dialog that waits for a photo.

    Attributes:
        id: Names it to the dialog. It is of no use to anyone without the owner's cookie.
        owner: Who the dialog belongs to.
        expires_at: When the link expires, in Unix seconds.
    """

    id: str
    owner: str
    expires_at: float


class Handovers:
    """The handovers under way.

    Args:
        store: Where they are kept: for all processes, or for one that serves both devices.
        sealer: Keeps what is about people from others who can read the store.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, store: Store, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._photos = Pieces(store, sealer)

    def open(self, owner: str) -> tuple[Handover, str]:
        """Return a new handover, in place of the owner's last one, and its token for the phone."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        handover = Handover(digest(token), owner, self._clock() + LINK_SECONDS)
        record = {"owner": owner, "expires_at": handover.expires_at}
        self._write(_key(handover.id), json.dumps(record).encode(), LINK_SECONDS)
        self.close_latest(owner)
        # Longer than the link, since a photo that is sent at its end can still be deleted.
        self._store.set(_latest_key(owner), handover.id.encode(), LINK_SECONDS + PHOTO_SECONDS)
        return handover, token

    def find(self, handover_id: str, owner: str) -> Handover:
        """Return a handover to its owner.

        Raises:
            HandoverOverError: There is none of that owner.
        """
        handover = self._read(handover_id)
        if handover.owner != owner:
            raise HandoverOverError
        return handover

    def find_by_token(self, token: str) -> Handover:
        """Return the handover of a link, for a phone that may still send a photo.

        Raises:
            HandoverOverError: The link is not valid.
            HandoverUsedError: A photo was already sent.
        """
        handover = self._read(digest(token))
        if self._store.get(_photo_key(handover)) is not None:
            raise HandoverUsedError
        return handover

    def connect(self, handover: Handover) -> None:
        """Record that a phone has opened the link."""
        self._store.set(f"{_key(handover.id)}:connected", b"1", self._remaining(handover))

    def state(self, handover: Handover) -> str:
        """Return ``waiting``, ``connected``, ``sent`` or, once the photo was taken, ``taken``."""
        photo = self._store.get(_photo_key(handover))
        if photo is not None:
            return "taken" if photo == _TAKEN else "sent"
        connected = self._store.get(f"{_key(handover.id)}:connected") is not None
        return "connected" if connected else "waiting"

    def send(self, handover: Handover, photo: Photo) -> None:
        """Keep a photo for the dialog; of several, exactly one is kept.

        Raises:
            HandoverOverError: The dialog was closed in the meantime.
            HandoverUsedError: Another photo was sent before.
        """
        upload = f"{_key(handover.id)}:{secrets.token_hex(8)}"
        self._photos.set(upload, photo.data, PHOTO_SECONDS)
        key = _photo_key(handover)
        # As long as the link, so that it stays used when the photo is gone.
        seconds = max(self._remaining(handover), PHOTO_SECONDS)
        if not self._store.add(key, self._sealer.seal(key, upload.encode()), seconds):
            self._photos.delete(upload)
            raise HandoverUsedError
        try:
            self._read(handover.id)
        except HandoverOverError:  # closed in the meantime
            self._erase(handover.id)
            raise

    def take(self, handover: Handover) -> Photo | None:
        """Return the photo, once; None if there is none, or it was taken or has expired."""
        key = _photo_key(handover)
        sealed = self._store.get(key)
        if sealed is None or sealed == _TAKEN:
            return None
        upload = self._sealer.unseal(key, sealed)
        seconds = max(self._remaining(handover), PHOTO_SECONDS)
        if upload is None or not self._store.replace(key, _TAKEN, seconds, expected=sealed):
            return None
        data = self._photos.get(upload.decode())
        self._photos.delete(upload.decode())
        return check_photo(data) if data is not None else None

    def close(self, handover: Handover) -> None:
        """End a handover and delete its photo, whether it was taken or not."""
        self._erase(handover.id)

    def close_latest(self, owner: str) -> bool:
        """End an owner's latest handover as ``close`` does.

        Returns:
            Whether there was one: its link had not expired, or a photo of it was left.
        """
        latest = self._store.get(_latest_key(owner))
        if latest is None:
            return False
        was_open = self._erase(latest.decode("ascii", "replace"))
        self._store.delete(_latest_key(owner))
        return was_open

    def _read(self, handover_id: str) -> Handover:
        key = _key(handover_id)
        record = self._sealer.unseal(key, self._store.get(key))
        if record is None:
            raise HandoverOverError
        return Handover(handover_id, **json.loads(record))

    def _erase(self, handover_id: str) -> bool:
        key = _key(handover_id)
        is_open = self._store.get(key) is not None
        photo = f"{key}:photo"
        sealed = self._store.get(photo)
        upload = None if sealed == _TAKEN else self._sealer.unseal(photo, sealed)
        if upload is not None:
            self._photos.delete(upload.decode())
        self._store.delete(key, photo, f"{key}:connected")
        return is_open or upload is not None

    def _write(self, key: str, value: bytes, seconds: float) -> None:
        self._store.set(key, self._sealer.seal(key, value), seconds)

    def _remaining(self, handover: Handover) -> float:
        return max(handover.expires_at - self._clock(), 1.0)


def _key(handover_id: str) -> str:
    return f"handover:{handover_id}"


def _latest_key(owner: str) -> str:
    return f"handover-of:{digest(owner)}"


def _photo_key(handover: Handover) -> str:
    return f"{_key(handover.id)}:photo"
