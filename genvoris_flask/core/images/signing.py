"""Signs finished pictures with the shop's certificate, as C2PA's "Content Credentials".

A manifest that a picture brings along becomes an ingredient of the shop's own, so it stays
verifiable. Nothing is fetched while signing, except for a time stamp if the shop asks for one.
"""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from ..concurrency.threads import start_thread
from .photos import Picture, read_picture
from .xmp import AI_COMPOSITE

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

# Takes what is to be signed, and returns the signature by the certificate's key.
SignFunction = Callable[[bytes], bytes]

MIN_RSA_BITS = 2048
_CURVES: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "secp256r1": ("ES256", hashes.SHA256()),
    "secp384r1": ("ES384", hashes.SHA384()),
    "secp521r1": ("ES512", hashes.SHA512()),
}
_SETTINGS = {
    # A thumbnail would be a second picture of the shopper, without the visible mark.
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


@dataclass(frozen=True)
class PictureSigner:
    """Signs with one certificate.

    Attributes:
        certificate: The certificate and those that lead to its root, in PEM, its own first.
        key: The private key in PEM, or a function that signs with it, such as a call of a key
            management service.
        timestamp_url: A time-stamping authority (RFC 3161); None for signatures without one.
        timestamp_seconds: How long it may take; afterwards a picture is signed without a time.

    Raises:
        ValueError: Certificate and key cannot be used, or do not belong together. The message
            contains neither.
    """

    certificate: str
    key: str | SignFunction = field(repr=False)
    timestamp_url: str | None = None
    timestamp_seconds: float = 10.0

    def __post_init__(self) -> None:
        public = self._public_key
        algorithm_of(public)
        if isinstance(self.key, str) and _load_key(self.key).public_key() != public:
            raise ValueError("The private key is not that of the first certificate.")

    @property
    def expires_at(self) -> datetime:
        """When the certificate expires."""
        certificate = self._own_certificate
        if hasattr(certificate, "not_valid_after_utc"):  # since cryptography 42
            return certificate.not_valid_after_utc
        return certificate.not_valid_after.replace(tzinfo=UTC)

    @property
    def _own_certificate(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificates(self.certificate.encode())[0]
        except ValueError:
            raise ValueError("The certificate is not in PEM.") from None

    @property
    def _public_key(self) -> Any:
        return self._own_certificate.public_key()

    def sign(self, picture: Picture, original: Picture) -> Picture:
        """Return a signed picture.

        Args:
            picture: What is signed, in its final form.
            original: The picture as it came. If it has a manifest, that becomes an ingredient.

        Raises:
            Exception: It cannot be signed; the library raises exceptions of many kinds.
        """
        if self.timestamp_url is None:
            return self._sign(picture, original, None)
        stamped = _within(
            self.timestamp_seconds, lambda: self._sign(picture, original, self.timestamp_url)
        )
        if stamped is None:
            log.warning("The time-stamping authority failed: a picture is signed without a time.")
            return self._sign(picture, original, None)
        return stamped

    def _sign(self, picture: Picture, original: Picture, timestamp_url: str | None) -> Picture:
        import c2pa  # an extra, and slow to import

        algorithm = c2pa.C2paSigningAlg[algorithm_of(self._public_key)]
        context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        has_manifest = c2pa.Reader.try_create(
            original.mimetype, io.BytesIO(original.data), context=context
        )
        result = io.BytesIO()
        with (
            context,
            c2pa.Builder(json.dumps(_manifest(is_edit=bool(has_manifest))), context) as builder,
            c2pa.Signer.from_callback(
                self._signature, algorithm, self.certificate, timestamp_url
            ) as signer,
        ):
            if has_manifest:
                has_manifest.close()
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                ingredient = {"relationship": "parentOf"}
                source = io.BytesIO(original.data)
                builder.add_ingredient_from_stream(ingredient, original.mimetype, source)
            builder.sign(signer, picture.mimetype, io.BytesIO(picture.data), result)
        return read_picture(result.getvalue(), picture.quota)

    def _signature(self, data: bytes) -> bytes:
        if not isinstance(self.key, str):
            return _call(self.key, data)
        key = _load_key(self.key)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(_CURVES[key.curve.name][1]))
        if isinstance(key, rsa.RSAPrivateKey):
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return key.sign(data, salted, hashes.SHA256())
        signature: bytes = key.sign(data)
        return signature


def _call(function: SignFunction, data: bytes) -> bytes:
    """Return a signature by the shop's own function, whose errors the library would log."""
    try:
        return function(data)
    except Exception as error:  # noqa: BLE001  (its text might contain a secret)
        reason = type(error).__name__
        log.error("GENVORIS_C2PA_PRIVATE_KEY: the function raised %s", reason)  # noqa: TRY400
        raise RuntimeError("The shop's function did not sign.") from None


def open_signer(
    certificate: str | None, key: str | SignFunction | None, timestamp_url: str | None
) -> PictureSigner | None:
    """Return what signs a shop's pictures; None if it has no certificate.

    Raises:
        ValueError: As for `PictureSigner`.
    """
    if certificate is None or key is None:
        return None
    return PictureSigner(certificate, key, timestamp_url)


def algorithm_of(public_key: Any) -> str:
    """Return C2PA's name of the algorithm that belongs to a key.

    Raises:
        ValueError: There is none.
    """
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES:
        return _CURVES[public_key.curve.name][0]
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= MIN_RSA_BITS:
        return "PS256"
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "ED25519"
    raise ValueError("C2PA signs with keys on P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits.")


def _load_key(pem: str) -> Any:
    try:
        return serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):  # TypeError: it needs a password
        raise ValueError("The private key is not in PEM, or is encrypted.") from None


def _manifest(*, is_edit: bool) -> dict[str, Any]:
    """Return what the signature says: that a model made the picture, or a part of it."""
    action = {
        "action": "c2pa.edited" if is_edit else "c2pa.created",
        "digitalSourceType": AI_COMPOSITE,
    }
    return {
        "claim_generator_info": [{"name": "genvoris-flask"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _within(seconds: float, call: Callable[[], Picture]) -> Picture | None:
    """Return what a function returns; None if it fails or takes too long."""
    results: list[Picture] = []
    is_done = threading.Event()

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001  (the caller goes on without it)
            log.warning("A time-stamped signature failed: %s", type(error).__name__)
        finally:
            is_done.set()

    start_thread("genvoris-timestamp", run)
    is_done.wait(seconds)
    return results[0] if results else None
