"""Signs deliveries and verifies them: ``X-Genvoris-Signature: t=<unix>,v1=<hex>``.

``v1`` is the HMAC-SHA256 of ``<t>.<raw body>`` (docs/genvoris-api.md, "Webhooks").
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...errors import SignatureError

HEADER = "X-Genvoris-Signature"
TOLERANCE = 300.0  # seconds, either way
MAX_HEADER_LENGTH = 1024

_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def sign(secret: str, body: bytes, timestamp: float) -> str:
    """Return the header's value.

    Args:
        secret: The shared secret, not empty.
        body: The raw bytes of the body.
        timestamp: The current time, in Unix seconds.

    Raises:
        ValueError: The secret is empty.
    """
    if not secret:
        raise ValueError("A delivery cannot be signed with an empty secret.")
    return f"t={int(timestamp)},v1={_digest(secret, str(int(timestamp)), body).hex()}"


@dataclass(frozen=True)
class Signature:
    """A parsed signature header.

    Attributes:
        signed_at: When the delivery was signed, in Unix seconds, as the header spells it.
        digests: The ``v1`` values, which have not been verified.
    """

    signed_at: str
    digests: tuple[bytes, ...] = field(repr=False)


def read_signature(header: str | None) -> Signature:
    """Parse a signature header, which needs no body.

    Raises:
        SignatureError: The header is missing, longer than any that Genvoris sends, or malformed.
    """
    if not header:
        raise SignatureError(f"The {HEADER} header is missing.")
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureError(f"The {HEADER} header has over {MAX_HEADER_LENGTH} characters.")
    pairs = [part.strip(" ").partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise SignatureError(f"The {HEADER} header does not contain exactly one time (t).")
    # Other names are reserved for future schemes.
    found = [value for name, _, value in pairs if name == "v1" and _DIGEST.fullmatch(value)]
    if not found:
        raise SignatureError(f"The {HEADER} header has no v1 of 64 hexadecimal digits.")
    return Signature(times[0], tuple(bytes.fromhex(value) for value in found))


def verify(
    header: Signature | str | None,
    body: bytes,
    secrets: Iterable[str],
    now: float,
    tolerance: float = TOLERANCE,
) -> None:
    """Raise SignatureError unless a delivery is genuine and fresh.

    Args:
        header: The ``X-Genvoris-Signature`` header, parsed or not.
        body: The raw bytes of the body, before any decoding.
        secrets: The valid secrets; there are two during a rotation.
        now: The current time, in Unix seconds.
        tolerance: The largest difference between ``now`` and the time of signing, in seconds.

    Raises:
        SignatureError: The message says why, and contains neither secret nor signature.
    """
    signature = header if isinstance(header, Signature) else read_signature(header)
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError("There is no secret to verify the delivery with.")
    # One digest per secret, however many signatures there are. Every pair is compared, so that the
    # time taken reveals nothing.
    digests = [_digest(secret, signature.signed_at, body) for secret in usable]
    genuine = [
        hmac.compare_digest(digest, given) for digest in digests for given in signature.digests
    ]
    if not any(genuine):
        raise SignatureError("The delivery was signed with another secret, or changed in transit.")
    age = now - int(signature.signed_at)
    if abs(age) > tolerance:
        raise SignatureError(
            f"The delivery was signed {abs(age):.0f} s {'ago' if age > 0 else 'in the future'}, "
            f"and {tolerance:.0f} s are allowed: check this machine's clock."
        )


def _digest(secret: str, signed_at: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed_at.encode() + b"." + body, hashlib.sha256)
