"""The try-ons that may be started in a day: by a guest, by a shopper, and in the whole shop.

The settings are GENVORIS_GUEST_TRYONS_PER_DAY, GENVORIS_TRYONS_PER_DAY and
GENVORIS_SHOP_TRYONS_PER_DAY.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.locales import translate
from ..core.rate_limits import ADDRESS_FACTOR
from ..core.tryon.daily_limit import Claim, CountedTryon, DailyLimitError, attempt_key
from ..core.tryon.paywall import Paywall
from ..errors import LockTimeoutError
from ..settings import Settings
from .auth import Visitor, guest_address, login_url
from .errors import HttpError, page_language
from .pacing import duration, turn_status, unavailable_paywall
from .rate_limits import PROXY_FACTOR
from .state import get_state
from .texts import say

BUSY_RETRY_AFTER = 5.0  # seconds
# The reason in an answer, by the error's code.
REASONS = {
    "guest_limit_reached": "guest_limit",
    "daily_limit": "daily_limit",
    "shop_budget": "shop_budget",
}


def check_daily_limits(visitor: Visitor, key: str | None) -> None:
    """Check that a visitor has a try-on left today, before the photo is read.

    Raises:
        HttpError: 429 ``guest_limit_reached``, ``daily_limit`` or ``shop_budget``.
    """
    error = get_state().daily_limit.find_exhausted(_claims(visitor), key)
    if error is not None:
        raise _refusal(error)


class TryonCount:
    """A try-on that is about to start, unless it turns out to be a repeat.

    Args:
        tryon: What it counts against.
        error: Set if it can only be a repeat, since nothing is left.

    Attributes:
        tryon: What it counts against.
        is_new: Whether it has started.
    """

    def __init__(self, tryon: CountedTryon, error: DailyLimitError | None = None) -> None:
        self.tryon = tryon
        self.is_new = False
        self._error = error

    def start(self) -> None:
        """Note that it starts.

        Raises:
            HttpError: 429, since it is no repeat.
        """
        if self._error is not None:
            raise _refusal(self._error)
        self.is_new = True


@contextmanager
def counted_tryon(visitor: Visitor, key: str) -> Iterator[TryonCount]:
    """Count a try-on, unless the ``with`` block fails, or does not start it.

    Args:
        visitor: Who starts it.
        key: Tells it from the visitor's others, and is the same for a repeat.

    Raises:
        HttpError: 429 ``guest_limit_reached``, ``daily_limit`` or ``shop_budget``, or 503 ``busy``.
    """
    limit, tryon = get_state().daily_limit, CountedTryon(_claims(visitor), attempt_key(key))
    count = TryonCount(tryon)
    try:
        limit.take(tryon.claims, tryon.key)
    except DailyLimitError as error:
        if limit.find_exhausted(tryon.claims, key) is not None:
            raise _refusal(error) from None
        count = TryonCount(tryon, error)
    except LockTimeoutError:
        raise HttpError("busy", retry_after=BUSY_RETRY_AFTER) from None
    try:
        yield count
    except Exception:
        limit.without_picture(tryon)
        raise
    if not count.is_new:
        limit.without_picture(tryon)


def limit_status(visitor: Visitor) -> dict[str, Any]:
    """Return the fields of a status that depend on limits; a guest's quota among them."""
    claims = _claims(visitor)
    daily_limit = get_state().daily_limit
    exhausted = daily_limit.find_exhausted(claims)
    fields: dict[str, Any] = {}
    if visitor.shopper is None and claims and (limit := claims[0].limit) is not None:
        is_over = exhausted is not None and exhausted.claim.code != "shop_budget"
        used = limit if is_over else min(daily_limit.used(claims[0]), limit)
        fields["quota"] = {"used": used, "limit": limit, "resetsAt": None}
        fields["remaining"] = limit - used
    if exhausted is None:
        return {**fields, **turn_status(visitor.shopper)}
    code = exhausted.claim.code
    is_budget = code == "shop_budget"
    return {
        **fields,
        "access": "ERROR" if is_budget else "EXHAUSTED",
        "ctaType": "none" if is_budget else "upgrade",
        "canTryOn": False,
        "reason": REASONS[code],
        "message": _sentence(exhausted),
        "paywall": _paywall(exhausted),
    }


def _claims(visitor: Visitor) -> tuple[Claim, ...]:
    """Return what a try-on counts against: who starts it, their address, and the shop.

    A guest without cookies is a new one in every request, and many guests share an address.
    """
    settings = get_state().settings
    found: list[Claim] = []
    if visitor.shopper is None:
        found += _guest_claims(visitor, settings)
    elif settings.tryons_per_day is not None:
        found.append(Claim(visitor.owner, settings.tryons_per_day, "daily_limit"))
    if settings.shop_tryons_per_day is not None:
        found = found or [Claim(visitor.owner, None)]
        budget = settings.shop_tryons_per_day
        found.append(Claim("shop", budget, "shop_budget", is_shared=True))
    return tuple(found)


def _guest_claims(visitor: Visitor, settings: Settings) -> list[Claim]:
    limits = {
        "guest_limit_reached": settings.guest_tryons_per_day,
        "daily_limit": settings.tryons_per_day,
    }
    known = [(limit, code) for code, limit in limits.items() if limit is not None]
    if not known:
        return []
    limit, code = min(known, key=lambda each: each[0])
    address, most = guest_address(visitor), limit * ADDRESS_FACTOR
    shared = Claim(f"address:{address}", most, code)
    if address is None:  # all behind one of the shop's proxies, which a header may only feign
        shared = Claim("proxy", most * PROXY_FACTOR, code, is_shared=True)
    return [Claim(visitor.owner, limit, code), shared]


def _refusal(error: DailyLimitError) -> HttpError:
    code = error.claim.code
    login: dict[str, Any] = {"login_url": login_url()} if code == "guest_limit_reached" else {}
    return HttpError(
        code,
        retry_after=error.retry_after,
        detail=_sentence(error),
        reason=REASONS[code],
        paywall=_paywall(error),
        **login,
    )


def _paywall(error: DailyLimitError) -> dict[str, Any]:
    """Return a paywall that says when to come back; a guest may also log in."""
    code = error.claim.code
    if code == "shop_budget":
        return unavailable_paywall(_sentence(error))
    url = login_url() if code == "guest_limit_reached" else None
    label = say("action.login") if url else None
    title = say("paywall.guest_limit.title")
    return {"kind": "offer", **Paywall(title, _sentence(error), label, url).fields()}


def _sentence(error: DailyLimitError) -> str:
    language = page_language()
    return translate(error.claim.code, language, hours=duration(error.retry_after, language))
