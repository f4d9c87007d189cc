"""The keys of session tokens: the one that signs, and retired ones that still verify."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .store import SIGNING_KEY_DRAFT_NAME, SIGNING_KEY_NAME, get_value, set_value

RETIRED = "retired_keys"
# The longest lifetime of a token, and some leeway.
RETIRED_KEY_SECONDS = 3600.0 + 60.0


@dataclass(frozen=True)
class SigningKey:
    """An RSA key and its id (``kid``)."""

    private: rsa.RSAPrivateKey
    kid: str

    def public(self) -> dict[str, Any]:
        """Return the public key as a JWK (RFC 7517)."""
        entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {**entry, "kid": self.kid, "alg": "RS256", "use": "sig"}


class KeyRing:
    """The keys of a data folder. The first one is generated when it is needed.

    Args:
        folder: Stores the key that signs.

    Raises:
        ValueError: The file contains no key.
        TypeError: The key is not an RSA key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._key = load_key(folder) if (folder / SIGNING_KEY_NAME).exists() else None

    def current(self) -> SigningKey:
        """Return the key that signs."""
        with self._lock:
            if self._key is None:
                self._key = load_key(self._folder)
            return self._key

    def rotate(self, db: sqlite3.Connection, now: float) -> str:
        """Generate a new key, sign with it from now on, and return its id."""
        old = self.current()
        retired = [*self._retired(db, now), {**old.public(), "until": now + RETIRED_KEY_SECONDS}]
        set_value(db, RETIRED, retired)
        with self._lock:
            _write_new(self._folder / SIGNING_KEY_NAME)
            self._key = load_key(self._folder)
            return self._key.kid

    def jwks(self, db: sqlite3.Connection, now: float) -> dict[str, Any]:
        """Return all keys that verify tokens, as a JWKS."""
        current = self.current().public()
        others = [
            {name: value for name, value in key.items() if name != "until"}
            for key in self._retired(db, now)
            if key["kid"] != current["kid"]
        ]
        return {"keys": [current, *others]}

    def verifier(self, db: sqlite3.Connection, kid: str | None, now: float) -> Any:
        """Return the public key with an id, or None if it verifies no tokens."""
        current = self.current()
        if kid == current.kid:
            return current.private.public_key()
        for key in self._retired(db, now):
            if key["kid"] == kid:
                return jwt.PyJWK(key).key
        return None

    def _retired(self, db: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
        return [key for key in get_value(db, RETIRED, []) if key["until"] > now]


def load_key(folder: Path) -> SigningKey:
    """Load the key, or generate and store one.

    Raises:
        ValueError: The file contains no key.
        TypeError: The key is not an RSA key.
    """
    path = folder / SIGNING_KEY_NAME
    if not path.exists():
        _write_new(path)
    private = _parse(path.read_bytes())
    if private is None:
        raise TypeError(f"{path} does not contain an RSA key.")
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(private, "sandbox-" + hashlib.sha256(public).hexdigest()[:12])


@lru_cache(maxsize=4)
def _parse(pem: bytes) -> rsa.RSAPrivateKey | None:
    # Loading a key checks its primes, which takes 70 ms; a test suite with a sandbox for each test
    # should not pay for that each time.
    private = serialization.load_pem_private_key(pem, password=None)
    return private if isinstance(private, rsa.RSAPrivateKey) else None


def _write_new(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Replaced in one step, so that a crash never leaves half a key.
    draft = path.with_name(SIGNING_KEY_DRAFT_NAME)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    draft.replace(path)
