"""The key pairs that sign session tokens: one that signs, and those before it that still verify."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .store import SIGNING_KEY_DRAFT_NAME, SIGNING_KEY_NAME, recall, remember

RETIRED = "retired_keys"
# The longest that a token lives, and some leeway.
STILL_VERIFIES = 3600.0 + 60.0


@dataclass(frozen=True)
class SigningKey:
    """An RSA key and its id."""

    private: rsa.RSAPrivateKey
    kid: str

    def public(self) -> dict[str, Any]:
        """Give the public half as a JWK (RFC 7517)."""
        entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {**entry, "kid": self.kid, "alg": "RS256", "use": "sig"}


class KeyRing:
    """The keys of a data folder; the first is made when it is first wanted, which takes a while.

    Args:
        folder: Where the key that signs is kept.

    Raises:
        ValueError: The file holds no key.
        TypeError: It holds a key that is not RSA.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._key = load_key(folder) if (folder / SIGNING_KEY_NAME).exists() else None

    def current(self) -> SigningKey:
        """Give the key that signs now."""
        with self._lock:
            if self._key is None:
                self._key = load_key(self._folder)
            return self._key

    def rotate(self, db: sqlite3.Connection, now: float) -> str:
        """Sign with a new key from now on; give its id."""
        old = self.current()
        retired = [*self._retired(db, now), {**old.public(), "until": now + STILL_VERIFIES}]
        remember(db, RETIRED, retired)
        with self._lock:
            _write_new(self._folder / SIGNING_KEY_NAME)
            self._key = load_key(self._folder)
            return self._key.kid

    def jwks(self, db: sqlite3.Connection, now: float) -> dict[str, Any]:
        """Give all keys that verify now, as a JWKS."""
        current = self.current().public()
        others = [
            {name: value for name, value in key.items() if name != "until"}
            for key in self._retired(db, now)
            if key["kid"] != current["kid"]
        ]
        return {"keys": [current, *others]}

    def verifier(self, db: sqlite3.Connection, kid: str | None, now: float) -> Any:
        """Give the public key of this id, if it is good now."""
        current = self.current()
        if kid == current.kid:
            return current.private.public_key()
        for key in self._retired(db, now):
            if key["kid"] == kid:
                return jwt.PyJWK(key).key
        return None

    def _retired(self, db: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
        return [key for key in recall(db, RETIRED, []) if key["until"] > now]


def load_key(folder: Path) -> SigningKey:
    """Read the key, or make one and keep it.

    Raises:
        ValueError: The file holds no key.
        TypeError: It holds a key that is not RSA.
    """
    path = folder / SIGNING_KEY_NAME
    if not path.exists():
        _write_new(path)
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key.")
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(private, "sandbox-" + hashlib.sha256(public).hexdigest()[:12])


def _write_new(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Written beside and moved, so that a kill in the middle leaves no half a key.
    draft = path.with_name(SIGNING_KEY_DRAFT_NAME)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    draft.replace(path)
