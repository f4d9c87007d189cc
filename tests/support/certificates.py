"""Certificates for signing pictures, made anew for each run."""

from __future__ import annotations

import datetime as dt
import functools
import json
from io import BytesIO
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from genvoris_flask.core.images.photos import Picture

DAY = dt.timedelta(days=1)
KEYS: dict[str, Any] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


class Authority:
    """A root that issues certificates for signing pictures."""

    def __init__(self) -> None:
        self._key = KEYS["P-256"]()
        self.root = self._issue("Root", self._key.public_key(), is_root=True, days=30)

    def chain(self, key: Any, days: int = 30) -> str:
        """Return a key's certificate, valid until so many days from now, and the root's."""
        return self._issue("Shop", key.public_key(), is_root=False, days=days) + self.root

    def _issue(self, name: str, public: Any, *, is_root: bool, days: int) -> str:
        now = dt.datetime.now(dt.UTC)
        own, issuer = (
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
                    x509.NameAttribute(NameOID.COMMON_NAME, each),
                ]
            )
            for each in (name, "Root")
        )
        usage = {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
        others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage |= dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(is_root, None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(authority, critical=False)
        )
        if not is_root:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(purpose, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def read(self, picture: Picture) -> dict[str, Any]:
        """Return a picture's manifests and how valid they are, as C2PA's own library reads them."""
        trust = {"verify": {"verify_trust": True}, "trust": {"trust_anchors": self.root}}
        context = c2pa.Context(c2pa.Settings.from_dict(trust))
        with c2pa.Reader(picture.mimetype, BytesIO(picture.data), context=context) as reader:
            found: dict[str, Any] = json.loads(reader.json())
        return found


def pem_of(key: Any) -> str:
    """Return a private key in PEM."""
    form = serialization.PrivateFormat.PKCS8
    encoding, encryption = serialization.Encoding.PEM, serialization.NoEncryption()
    text: bytes = key.private_bytes(encoding, form, encryption)
    return text.decode()


@functools.cache
def authority() -> Authority:
    """Return the authority of this run."""
    return Authority()
