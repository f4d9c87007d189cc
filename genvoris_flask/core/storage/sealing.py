"""Encrypts and authenticates values, so that others in Redis can neither read nor forge them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Secret = str | bytes

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
OVERHEAD = len(_VERSION) + _NONCE_BYTES + _TAG_BYTES  # in bytes


class SecretSealer:
    """Seals with AES-256-GCM, under a key derived from a secret of the app.

    Args:
        secrets: Returns the secrets, which may change. The first one seals, all of them unseal.
    """

    def __init__(self, secrets: Callable[[], Sequence[Secret]]) -> None:
        self._secrets = secrets
        self._derived: tuple[tuple[Secret, ...], tuple[AESGCM, ...]] = ((), ())

    def seal(self, name: str, value: bytes) -> bytes:
        """Return a sealed value, which can neither be read nor moved to another name."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._ciphers()[0].encrypt(nonce, value, name.encode())

    def unseal(self, name: str, sealed: bytes | None) -> bytes | None:
        """Return the value, or None if it was not sealed under that name by one of the secrets."""
        if sealed is None or len(sealed) < OVERHEAD or not sealed.startswith(_VERSION):
            return None
        start = len(_VERSION)
        nonce, rest = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        for cipher in self._ciphers():
            try:
                return cipher.decrypt(nonce, rest, name.encode())
            except InvalidTag:
                continue
        return None

    def _ciphers(self) -> tuple[AESGCM, ...]:
        secrets = tuple(self._secrets())
        derived = self._derived
        if derived[0] != secrets:
            # Replaced as a whole, so that threads need no lock.
            self._derived = derived = (secrets, tuple(_cipher(secret) for secret in secrets))
        return derived[1]


def _cipher(secret: Secret) -> AESGCM:
    material = secret.encode() if isinstance(secret, str) else secret
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"genvoris-flask store")
    return AESGCM(derivation.derive(material))
