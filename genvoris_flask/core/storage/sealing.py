"""What is derived from the secrets of an app: a seal for values in Redis, and keys for browsers.

Sealed values can neither be read nor forged by others who use the same Redis. The keys are those
that browsers seal pictures with which they keep on a shopper's own device.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Secret = str | bytes

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
OVERHEAD = len(_VERSION) + _NONCE_BYTES + _TAG_BYTES  # in bytes

# Part of what is derived, so that another use of the secret, or another version, has other keys.
_DEVICE_KEY = b"genvoris-flask device key 1\0"


class SecretSealer:
    """Seals with AES-256-GCM, under a key derived from a secret of the app.

    Args:
        secrets: Returns the secrets, which may change. The first one seals, all of them unseal.
        purpose: Values of one purpose have a key of their own.
    """

    def __init__(self, secrets: Callable[[], Sequence[Secret]], purpose: str = "store") -> None:
        self._secrets = secrets
        self._purpose = purpose
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
            self._derived = derived = (secrets, self._derive(secrets))
        return derived[1]

    def _derive(self, secrets: Iterable[Secret]) -> tuple[AESGCM, ...]:
        info = f"genvoris-flask {self._purpose}".encode()
        return tuple(_cipher(secret, info) for secret in secrets)


def _cipher(secret: Secret, info: bytes) -> AESGCM:
    material = secret.encode() if isinstance(secret, str) else secret
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=info)
    return AESGCM(derivation.derive(material))


def device_keys(secrets: Iterable[str | bytes], owner: str) -> list[str]:
    """Return an owner's keys of 256 bits, in base64.

    Args:
        secrets: The secrets of the app. The key of the first one seals; those of former ones still
            open what was sealed before.
        owner: Whose pictures they are.
    """
    return [b64encode(_device_key(secret, owner)).decode() for secret in secrets]


def _device_key(secret: str | bytes, owner: str) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    return hmac.digest(material, _DEVICE_KEY + owner.encode(), "sha256")
