"""Who sees no button: a stable share of visitors, whose orders are compared with the others'.

A visitor's group is drawn once and kept in a signed cookie, so that it neither changes with the
setting nor when they log in. Somebody who is logged in when it is drawn gets the group of their
shopper's id, which is the same on all of their devices.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

DAYS = 90  # that a visitor is known
SCALE = 10_000  # shares are kept as whole numbers of this
MAX_SHARE = 0.5

_FORM = re.compile(r"([A-Za-z0-9_-]{16})\.(\d{1,5})\.([01])\.(\d{8})\.([A-Za-z0-9_-]{22})")
_SIGNATURE = b"genvoris-flask hold-out mark 1\0"
_GROUP = b"genvoris-flask hold-out group 1\0"


@dataclass(frozen=True)
class Mark:
    """What a visitor's cookie says.

    Attributes:
        id: Random, and linked to nobody.
        share: The share of visitors without a button when the group was drawn, in ten-thousandths.
        is_held: Whether this visitor sees no button.
        first_day: When the group was drawn, in UTC.
    """

    id: str
    share: int
    is_held: bool
    first_day: date

    @property
    def digest(self) -> str:
        """What the visitor is called in the database, which no cookie can be made from."""
        return hashlib.sha256(self.id.encode()).hexdigest()


def share_of(fraction: float) -> int:
    """Return a fraction as a whole number."""
    return round(fraction * SCALE)


def draw(share: int, today: date, secret: bytes, shopper: str | None = None) -> Mark:
    """Draw a visitor's group.

    Args:
        share: The share of visitors without a button, in ten-thousandths.
        today: The current day.
        secret: Makes the group of a shopper unpredictable.
        shopper: The shop's id of the shopper, if they are logged in.
    """
    if shopper is None:
        position = secrets.randbelow(SCALE)
    else:
        digest = hmac.digest(secret, _GROUP + shopper.encode(), "sha256")
        position = int.from_bytes(digest[:8]) * SCALE >> 64
    return Mark(secrets.token_urlsafe(12), share, position < share, today)


def write_mark(mark: Mark, secret: bytes) -> str:
    """Return a mark as the value of a cookie."""
    body = f"{mark.id}.{mark.share}.{mark.is_held:d}.{mark.first_day:%Y%m%d}"
    return f"{body}.{_sign(body, secret)}"


def read_mark(text: str | None, secrets: Sequence[bytes], today: date) -> Mark | None:
    """Return the mark in a cookie; None if it is not genuine, or older than ``DAYS``.

    Args:
        text: The cookie's value.
        secrets: The secrets that it may be signed with.
        today: The current day.
    """
    found = _FORM.fullmatch(text or "")
    if not found:
        return None
    body, _, signature = found[0].rpartition(".")
    if not any(hmac.compare_digest(signature, _sign(body, each)) for each in secrets):
        return None
    first_day = datetime.strptime(found[4], "%Y%m%d").replace(tzinfo=UTC).date()
    if not 0 <= (today - first_day).days <= DAYS:
        return None
    return Mark(found[1], int(found[2]), found[3] == "1", first_day)


def _sign(body: str, secret: bytes) -> str:
    digest = hmac.digest(secret, _SIGNATURE + body.encode(), "sha256")
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")
