"""Signs deliveries and verifies them: ``X-Genvoris-Signature: t=<unix>,v1=<hex>``.

``v1`` is the HMAC-SHA256 of ``<t>.<raw body>`` (contract, "Webhooks from Genvoris").
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
    """Give the header's value.

    Args:
        secret: What both sides know; not empty.
        body: The raw bytes that are sent.
        timestamp: Now, in Unix seconds.

    Raises:
        ValueError: The secret is empty.
    """
    if not secret:
        raise ValueError("A delivery cannot be signed with an empty secret.")
    return f"t={int(timestamp)},v1={_digest(secret, str(int(timestamp)), body).hex()}"


@dataclass(frozen=True)
class Signature:
    """What a signature header says.

    Attributes:
        signed_at: When the delivery was signed, in Unix seconds, as it is written there.
        digests: Each ``v1``; none of them is proven yet.
    """

    signed_at: str
    digests: tuple[bytes, ...] = field(repr=False)


def read_signature(header: str | None) -> Signature:
    """Read a signature header. Its form can be judged before the body is read.

    Raises:
        SignatureError: It is missing, longer than any that Genvoris sends, or malformed.
    """
    if not header:
        raise SignatureError(f"It has no {HEADER} header.")
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureError(f"Its {HEADER} header has over {MAX_HEADER_LENGTH} characters.")
    pairs = [part.strip(" ").partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise SignatureError(f"Its {HEADER} header does not say once when it was signed.")
    # Other names are schemes to come.
    found = [value for name, _, value in pairs if name == "v1" and _DIGEST.fullmatch(value)]
    if not found:
        raise SignatureError(f"Its {HEADER} header holds no v1 of 64 hexadecimal digits.")
    return Signature(times[0], tuple(bytes.fromhex(value) for value in found))


def verify(
    header: Signature | str | None,
    body: bytes,
    secrets: Iterable[str],
    now: float,
    tolerance: float = TOLERANCE,
) -> None:
    """Make sure that a delivery is genuine and fresh.

    Args:
        header: What came as ``X-Genvoris-Signature``, read or as it is.
        body: The raw bytes that came, before anything read or decoded them.
        secrets: Each that is good now; during a rotation there are two.
        now: The wall clock, in Unix seconds.
        tolerance: How many seconds old, or ahead, a delivery may be.

    Raises:
        SignatureError: It is not; the message says why, and holds neither secret nor signature.
    """
    signature = header if isinstance(header, Signature) else read_signature(header)
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError("There is no secret to verify it with.")
    # One digest for each secret, however many signatures there are. Every pair is compared, so that
    # the time taken tells nothing.
    digests = [_digest(secret, signature.signed_at, body) for secret in usable]
    genuine = [
        hmac.compare_digest(digest, given) for digest in digests for given in signature.digests
    ]
    if not any(genuine):
        raise SignatureError("It was signed with another secret, or changed on its way.")
    age = now - int(signature.signed_at)
    if abs(age) > tolerance:
        raise SignatureError(
            f"It was signed {abs(age):.0f} s {'ago' if age > 0 else 'ahead of now'}, and "
            f"{tolerance:.0f} s are allowed: compare this machine's clock."
        )


def _digest(secret: str, signed_at: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed_at.encode() + b"." + body, hashlib.sha256)
