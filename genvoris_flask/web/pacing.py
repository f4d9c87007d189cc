"""Has calls to Genvoris wait for their turn, and tells shoppers when it comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..core.locales import translate
from ..core.pacing import Call, Pace, PacedError
from ..core.sessions import Shopper
from ..core.storage.interface import digest
from ..core.tryon.paywall import Paywall
from ..errors import StoreUnavailableError
from ..settings import Settings
from .callbacks import tier_of
from .errors import HttpError, page_language
from .state import AppState, get_state
from .storage import Storage
from .texts import say

MINUTE = 60.0
HOUR = 3600.0
# The widget repeats a request after so many seconds, without a word to the shopper.
SHORT_WAIT = 15.0
# A try-on may wait so long in the queue.
QUEUE_WAIT = 60.0
REPEAT_SECONDS = 3600.0


def make_pace(
    settings: Settings, storage: Callable[[], Storage], clock: Callable[[], float]
) -> Pace:
    """Return what keeps an app's calls under Genvoris's limits.

    Args:
        settings: The settings of the shop.
        storage: Returns the app's storage. It is opened late, since it asks Genvoris for plans.
        clock: The wall clock, in Unix seconds.
    """
    rates = call_rates(settings)
    return Pace(lambda: storage().store, lambda: storage().windows, rates, clock)


def call_rates(settings: Settings) -> dict[str, str]:
    """Return how often each kind of call may be sent."""
    return {
        "mints": settings.pace_mints,
        "registrations": settings.pace_registrations,
        "new_shoppers": settings.pace_new_shoppers,
        "tryons": settings.pace_tryons,
    }


def check_turn(shopper: Shopper | None, key: str) -> None:
    """Check that a try-on need not wait for long, before the photo is read.

    Args:
        shopper: Who tries on; None for a guest.
        key: The try-on's key. One that was accepted before may be sent again.

    Raises:
        HttpError: 429 ``shop_budget``: the shopper is told when to come back.
    """
    wait, accepted = _wait_for_tryon(shopper), f"turn:{digest(key)}"
    store = get_state().store
    with suppress(StoreUnavailableError):
        if wait <= QUEUE_WAIT:
            store.set(accepted, b"", REPEAT_SECONDS)
        elif store.get(accepted) is not None:
            return
    if wait > QUEUE_WAIT:
        raise come_back(wait)


def turn_status(shopper: Shopper | None) -> dict[str, Any]:
    """Return the fields of a status that say when to come back; empty if a try-on may start."""
    wait = _wait_for_tryon(shopper)
    return unavailable_fields(wait) if wait > QUEUE_WAIT else {}


def error_for_wait(error: PacedError) -> HttpError:
    """Return the HTTP error for a call that has to wait."""
    wait = error.retry_after or SHORT_WAIT
    return HttpError("busy", retry_after=wait) if wait <= SHORT_WAIT else come_back(wait)


def come_back(seconds: float) -> HttpError:
    """Return an error that says when there are try-ons again."""
    return HttpError(
        "shop_budget",
        retry_after=seconds,
        detail=_sentence(seconds),
        reason="shop_budget",
        paywall=unavailable_paywall(_sentence(seconds)),
    )


def unavailable_fields(seconds: float) -> dict[str, Any]:
    """Return the fields of a status without try-ons for a while."""
    return {
        "access": "ERROR",
        "ctaType": "none",
        "canTryOn": False,
        "reason": "shop_budget",
        "message": _sentence(seconds),
        "paywall": unavailable_paywall(_sentence(seconds)),
    }


def too_late_fields(seconds: float) -> dict[str, Any]:
    """Return the fields of a job that would have had to wait for too long."""
    seconds = max(1.0, seconds)
    return {
        "error": "shop_budget",
        "detail": _sentence(seconds),
        "reason": "shop_budget",
        "retry_after": math.ceil(seconds),
        "paywall": unavailable_paywall(_sentence(seconds)),
    }


def unavailable_paywall(sentence: str) -> dict[str, Any]:
    """Return a paywall that offers nothing, since nothing that the shopper does would help."""
    title = say("paywall.credit_limit_reached.title")
    return {"kind": "unavailable", **Paywall(title, sentence).fields()}


def duration(seconds: float, language: str) -> str:
    """Return a time to wait in words, in minutes or hours, rounded up."""
    unit, count = "minutes", math.ceil(seconds / MINUTE)
    if count >= HOUR / MINUTE:
        unit, count = "hours", math.ceil(seconds / HOUR)
    # Arabic has forms for one, two, three to ten, and more; the other languages for one and more.
    number = "one" if count <= 1 else "two" if count == 2 else "few" if count <= 10 else "many"
    return translate(f"{unit}.{number}", language, **{unit: count})


def _sentence(seconds: float) -> str:
    language = page_language()
    return translate("shop_budget", language, hours=duration(seconds, language))


def _wait_for_tryon(shopper: Shopper | None) -> float:
    state = get_state()
    pause = state.burn_guard.wait(lambda: tier_of(state, shopper))
    return max([pause, *(state.pace.wait(call) for call in _calls(state, shopper))])


@contextmanager
def guarded_tryon(shopper: Shopper | None) -> Iterator[None]:
    """Count a try-on that is about to be forwarded, unless the ``with`` block fails.

    Raises:
        HttpError: 429 ``shop_budget``: try-ons are paused.
    """
    state = get_state()
    if wait := state.burn_guard.take(lambda: tier_of(state, shopper)):
        raise come_back(wait)
    try:
        yield
    except Exception:
        state.burn_guard.give_back()
        raise


def _calls(state: AppState, shopper: Shopper | None) -> list[Call]:
    """Return the calls that a try-on needs, as far as they are known beforehand."""
    calls: list[Call] = [] if state.hooks.tryon_engine else ["tryons"]
    if shopper is not None and state.broker.cached(shopper) is None:
        calls.append("mints")
        if state.broker.must_register(shopper):
            calls.append("registrations")
        elif state.broker.is_new(shopper):
            calls.append("new_shoppers")
    return calls
