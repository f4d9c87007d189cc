"""What a guest may try on in a day, apart from what shoppers buy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..core.locales import say
from ..core.tryon.daily_limit import Claim, DailyLimit, DailyLimitError
from ..errors import LockTimeoutError, StoreUnavailableError
from .auth import Visitor, guest_address
from .errors import HttpError, page_language
from .rate_limits.limiter import ADDRESS_FACTOR
from .shopper import login_url
from .state import get_state

HOUR = 3600.0
BUSY_RETRY_AFTER = 5.0  # seconds


@dataclass(frozen=True)
class GuestTryon:
    """A try-on of a guest's day. One of a shopper, or without a limit, has no claims."""

    limit: DailyLimit
    claims: tuple[Claim, ...]
    wish: str

    def give_back(self) -> None:
        """Count it no more, since no picture came of it. Never raises because of the store."""
        with suppress(
            StoreUnavailableError, LockTimeoutError
        ):  # it comes back by itself, within a day
            self.limit.give_back(self.claims, self.wish)


def refuse_after_limit(visitor: Visitor, wish: str | None) -> None:
    """Raise if a guest has no try-on left today, before anything is read.

    Raises:
        HttpError: 429 ``guest_limit_reached``.
    """
    wait = get_state().daily_limit.wait(_claims(visitor), wish)
    if wait is not None:
        raise _refusal(wait)


@contextmanager
def guest_tryon(visitor: Visitor, wish: str) -> Iterator[GuestTryon]:
    """Count a try-on of a guest, and no more if the block fails.

    Args:
        visitor: Who wants it. Those of shoppers are not counted here.
        wish: What tells it from the guest's others, and is the same for a repeat.

    Raises:
        HttpError: 429 ``guest_limit_reached``, or 503 ``busy``.
    """
    tryon = GuestTryon(get_state().daily_limit, _claims(visitor), wish)
    try:
        fresh = tryon.limit.take(tryon.claims, wish)
    except DailyLimitError as error:
        raise _refusal(error.wait) from None
    except LockTimeoutError:
        raise HttpError("busy", retry_after=BUSY_RETRY_AFTER) from None
    try:
        yield tryon
    except Exception:
        if fresh:
            tryon.give_back()
        raise


def guest_status(visitor: Visitor) -> dict[str, Any]:
    """Return where a guest stands, as fields of the status."""
    claims = _claims(visitor)
    if not claims:
        return {}
    limit = get_state().daily_limit
    most = claims[0].most
    wait = limit.wait(claims)
    used = most if wait is not None else min(limit.used(claims[0]), most)
    fields: dict[str, Any] = {
        "quota": {"used": used, "limit": most, "resetsAt": None},
        "remaining": most - used,
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
    """Return what a guest's try-on counts against: them, and their address.

    A guest without cookies is another one in each request, and many guests share an address.
    """
    most = get_state().settings.guest_tryons_per_day
    if visitor.shopper is not None or most is None:
        return ()
    own = Claim(visitor.owner, most)
    address = guest_address(visitor)
    return (own, Claim(f"address:{address}", most * ADDRESS_FACTOR)) if address else (own,)


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
    """Return a screen that says when to come again, and offers to log in."""
    language, url = page_language(), login_url()
    return {
        "kind": "offer",
        "title": say("paywall.guest_limit.title", language),
        "message": _sentence(wait),
        "action_label": say("action.login", language) if url else None,
        "action_url": url,
    }


def _sentence(wait: float) -> str:
    language = page_language()
    hours = math.ceil(wait / HOUR)
    # Arabic counts one, two, three to ten, and eleven and more; the others, one and more.
    number = "one" if hours == 1 else "two" if hours == 2 else "few" if hours <= 10 else "many"
    words = say(f"hours.{number}", language, hours=hours)
    return say("guest_limit_reached", language, hours=words)
