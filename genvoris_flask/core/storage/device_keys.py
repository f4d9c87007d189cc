"""Derives the keys that browsers seal pictures with which they keep on a shopper's own device.

Nothing is stored for it here: the same shopper gets the same key from every process, and nobody can
compute another shopper's from their own. A key is as good as the pictures, so it only ever goes to
its owner's browser, which keeps it in memory.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable

# Part of what is derived, so that another use of the secret, or another version, has other keys.
_PURPOSE = b"genvoris-flask device key 1\0"


def device_keys(secrets: Iterable[str | bytes], owner: str) -> list[str]:
    """Return an owner's keys of 256 bits, in base64.

    Args:
        secrets: The secrets of the app. The key of the first one seals; those of former ones still
            open what was sealed before.
        owner: Whose pictures they are.
    """
    return [b64encode(_derive(secret, owner)).decode() for secret in secrets]


def _derive(secret: str | bytes, owner: str) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    return hmac.digest(material, _PURPOSE + owner.encode(), "sha256")
