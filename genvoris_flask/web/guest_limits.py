"""The try-ons that a guest may start in a day (``GENVORIS_GUEST_TRYONS_PER_DAY``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.locales import translate
from ..core.rate_limits import ADDRESS_FACTOR
from ..core.tryon.daily_limit import Claim, CountedTryon, DailyLimitError
from ..core.tryon.paywall import Paywall
from ..errors import LockTimeoutError
from .auth import Visitor, guest_address, login_url
from .errors import HttpError, page_language
from .state import get_state

HOUR = 3600.0
BUSY_RETRY_AFTER = 5.0  # seconds


def check_guest_limit(visitor: Visitor, key: str | None) -> None:
    """Check that a guest has a try-on left today, before the photo is read.

    Raises:
        HttpError: 429 ``guest_limit_reached``.
    """
    wait = get_state().daily_limit.retry_after(_claims(visitor), key)
    if wait is not None:
        raise _refusal(wait)


@contextmanager
def guest_tryon(visitor: Visitor, key: str) -> Iterator[CountedTryon]:
    """Count a guest's try-on, unless the ``with`` block fails.

    Args:
        visitor: Who starts it. Try-ons of shoppers are not counted.
        key: Tells it from the guest's others, and is the same for a repeat.

    Raises:
        HttpError: 429 ``guest_limit_reached``, or 503 ``busy``.
    """
    limit, tryon = get_state().daily_limit, CountedTryon(_claims(visitor), key)
    try:
        is_new = limit.take(tryon.claims, key)
    except DailyLimitError as error:
        raise _refusal(error.retry_after) from None
    except LockTimeoutError:
        raise HttpError("busy", retry_after=BUSY_RETRY_AFTER) from None
    try:
        yield tryon
    except Exception:
        if is_new:
            limit.without_picture(tryon)
        raise


def guest_status(visitor: Visitor) -> dict[str, Any]:
    """Return the fields of a guest's status that depend on the limit."""
    claims = _claims(visitor)
    if not claims:
        return {}
    daily_limit, limit = get_state().daily_limit, claims[0].limit
    wait = daily_limit.retry_after(claims)
    used = limit if wait is not None else min(daily_limit.used(claims[0]), limit)
    fields: dict[str, Any] = {
        "quota": {"used": used, "limit": limit, "resetsAt": None},
        "remaining": limit - used,
    }
    if wait is None:
        return fields
    return {
        **fields,
        "access": "EXHAUSTED",
        "ctaType": "upgrade",
        "canTryOn": False,
        "reason": "guest_limit",
        "message": _sentence(wait),
        "paywall": _paywall(wait),
    }


def _claims(visitor: Visitor) -> tuple[Claim, ...]:
    """Return what a guest's try-on counts against: the guest, and their address.

    A guest without cookies is a new one in every request, and many guests share an address.
    """
    limit = get_state().settings.guest_tryons_per_day
    if visitor.shopper is not None or limit is None:
        return ()
    own = Claim(visitor.owner, limit)
    address = guest_address(visitor)
    return (own, Claim(f"address:{address}", limit * ADDRESS_FACTOR)) if address else (own,)


def _refusal(wait: float) -> HttpError:
    return HttpError(
        "guest_limit_reached",
        retry_after=wait,
        detail=_sentence(wait),
        reason="guest_limit",
        paywall=_paywall(wait),
        login_url=login_url(),
    )


def _paywall(wait: float) -> dict[str, Any]:
    """Return a paywall that says when to come back, and offers to log in."""
    language, url = page_language(), login_url()
    label = translate("action.login", language) if url else None
    title = translate("paywall.guest_limit.title", language)
    return {"kind": "offer", **Paywall(title, _sentence(wait), label, url).fields()}


def _sentence(wait: float) -> str:
    language = page_language()
    hours = math.ceil(wait / HOUR)
    # Arabic has forms for one, two, three to ten, and more; the other languages for one and more.
    number = "one" if hours == 1 else "two" if hours == 2 else "few" if hours <= 10 else "many"
    words = translate(f"hours.{number}", language, hours=hours)
    return translate("guest_limit_reached", language, hours=words)
