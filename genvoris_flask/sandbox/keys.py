"""The key pair that signs session tokens, kept in the data folder."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

FILE_NAME = "signing-key.pem"


@dataclass(frozen=True)
class SigningKey:
    """An RSA key and its id."""

    private: rsa.RSAPrivateKey
    kid: str

    def jwks(self) -> dict[str, Any]:
        """Give the public half as a JWKS (RFC 7517)."""
        entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {"keys": [{**entry, "kid": self.kid, "alg": "RS256", "use": "sig"}]}


class KeyRing:
    """The key in a data folder; it is made when it is first wanted, since that takes a while.

    Args:
        folder: Where it is kept.

    Raises:
        ValueError: The file holds no RSA key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._key = load_key(folder) if (folder / FILE_NAME).exists() else None

    def current(self) -> SigningKey:
        """Give the key that signs now."""
        with self._lock:
            if self._key is None:
                self._key = load_key(self._folder)
            return self._key


def load_key(folder: Path) -> SigningKey:
    """Read the key, or make one and keep it.

    Raises:
        ValueError: The file holds no RSA key.
    """
    path = folder / FILE_NAME
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
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    draft.replace(path)
