"""The rates of an app's routes, and counting the current request against them."""

from __future__ import annotations

from flask import request

from ..core.concurrency.limits import NoSlotError, NoSlotForOwnerError, Slot, Slots
from ..core.rate_limits import ADDRESS_FACTOR, Limiter, Windows
from ..settings import Settings
from .client_address import sender_of
from .errors import HttpError
from .state import get_state

# A proxy that hides its visitors may send as much as so many of them.
PROXY_FACTOR = 20
SLOT_RETRY_AFTER = 5.0  # seconds
# How many pictures a shopper may have an opinion of. Whoever makes up more does not fill the day.
OPINIONS = "40/day"


def make_limiter(settings: Settings, windows: Windows | None) -> Limiter:
    """Return the limiter of an app, with a rate for each name that requests are counted under.

    Args:
        settings: The settings of the shop.
        windows: Count for all processes; None if the shop has no Redis.
    """
    return Limiter(request_rates(settings), windows)


def request_rates(settings: Settings) -> dict[str, str]:
    """Return the rate for each name that requests are counted under."""
    return {
        "session": settings.limit_session,
        "status": settings.limit_session,
        "device-keys": settings.limit_session,
        "tryons": settings.limit_tryons,
        "handovers": settings.limit_tryons,
        "checkout": settings.limit_tryons,
        "phone": settings.limit_session,
        "consent": settings.limit_session,
        "data": settings.limit_tryons,
        "events": settings.limit_events,
        "opinions": OPINIONS,
        "webhook": settings.limit_webhook,
    }


def count_address(name: str, factor: int = ADDRESS_FACTOR) -> None:
    """Count the current request against its address's limit.

    Args:
        name: What is called.
        factor: How many times a shopper's rate the address may call.

    Raises:
        HttpError: 429 ``rate_limited``: the limit is exceeded.
    """
    _refuse_after(_count_address(name, factor))


def is_within_limit(name: str) -> bool:
    """Count the current request against its address's limit; return whether it is within it."""
    return _count_address(name) is None


def _count_address(name: str, factor: int = ADDRESS_FACTOR) -> float | None:
    sender = sender_of(request)
    state = get_state()
    if sender.is_proxy:
        state.proxy_watch.note()
        factor *= PROXY_FACTOR
    return state.limiter.count_address(name, sender.network, factor)


def count_shopper(name: str, owner: str) -> None:
    """Count the current request against its sender's limit.

    Raises:
        HttpError: 429 ``rate_limited``: the limit is exceeded.
    """
    _refuse_after(get_state().limiter.count_shopper(name, owner))


def take_slot(slots: Slots, owner: str | None) -> Slot:
    """Take a slot for the current request.

    Raises:
        HttpError: 503 ``busy`` if all are taken; 429 ``too_many_tryons`` if the owner holds as
            many as one can.
    """
    try:
        return slots.take(owner)
    except NoSlotForOwnerError:
        raise HttpError("too_many_tryons", retry_after=SLOT_RETRY_AFTER) from None
    except NoSlotError:
        raise HttpError("busy", retry_after=SLOT_RETRY_AFTER) from None


def sender_address() -> str | None:
    """Return the address that sent the current request, or None if only the shop's proxy is known.

    For IPv6 it is the /64 network.
    """
    sender = sender_of(request)
    return None if sender.is_proxy else sender.network


def _refuse_after(wait: float | None) -> None:
    if wait is not None:
        raise HttpError("rate_limited", retry_after=wait)
