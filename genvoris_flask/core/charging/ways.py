"""The ways to charge for try-ons, and the settings that each of them needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...errors import ConfigurationError, see
from ..billing.plans import DeclaredPlan
from .packs import Pack

Way = Literal["free", "subscription", "credits", "pay_per_use", "freemium"]
WAYS: tuple[Way, ...] = get_args(Way)
KEY = "GENVORIS_CHARGING"
# What plans at Genvoris cannot carry exactly.
NEED_LEDGER: tuple[Way, ...] = ("credits", "pay_per_use")


def read_ways(key: str, value: Any) -> tuple[Way, ...]:
    """Return the ways, from a list or a string with commas.

    Raises:
        ConfigurationError: One of them is unknown, or there is none.
    """
    names = value.split(",") if isinstance(value, str) else value
    given = list(names) if isinstance(names, list | tuple | set | frozenset) else [names]
    words = [word for word in (str(name).strip().lower() for name in given) if word]
    if not words or not all(word in WAYS for word in words):
        raise ConfigurationError(
            f"{key} must be one or several of {', '.join(WAYS)}, with commas between them, not "
            f"{value!r}."
        )
    return tuple(way for way in WAYS if way in words)


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a shop has set up, as far as ways to charge need it.

    Attributes:
        has_ledger: Whether there is a ledger.
        allows_guests: GENVORIS_ALLOW_GUESTS.
        default_plan: GENVORIS_DEFAULT_PLAN.
        plans: GENVORIS_PLANS.
        packs: GENVORIS_PACKS.
        free_tryons: GENVORIS_FREE_TRYONS.
    """

    has_ledger: bool
    allows_guests: bool
    default_plan: str | None
    plans: Sequence[DeclaredPlan]
    packs: Sequence[Pack]
    free_tryons: int | None


def check_ways(ways: Sequence[Way], means: Means) -> None:
    """Check that a shop has set up what its ways to charge need.

    Raises:
        ConfigurationError: Something is missing.
    """
    for problem in problems(ways, means):
        raise ConfigurationError(f"{KEY} {problem} ({see('billing.md')}).")


def problems(ways: Sequence[Way], means: Means) -> Iterator[str]:
    """Yield what ways to charge lack, each as the end of a sentence about GENVORIS_CHARGING."""
    for way in NEED_LEDGER:
        if way in ways and not means.has_ledger:
            yield (
                f"has {way}, which needs a ledger, since plans at Genvoris cannot carry it "
                "exactly: set GENVORIS_DATABASE_URL"
            )
    if "free" in ways and not (means.has_ledger or means.allows_guests or means.default_plan):
        yield "is free, but nobody may try on: set GENVORIS_ALLOW_GUESTS or GENVORIS_DEFAULT_PLAN"
    if "subscription" in ways and not any(plan.external_price_id for plan in means.plans):
        yield (
            "has subscription, but no plan of GENVORIS_PLANS has an external_price_id: declare "
            "the plans that are sold"
        )
    if "pay_per_use" in ways and not means.packs:
        yield (
            "has pay_per_use, but nothing has a price: set GENVORIS_PACKS to what is sold, such "
            'as [{"try_ons": 1, "price": "0.99 €"}]'
        )
    if "freemium" in ways and means.has_ledger and not means.free_tryons:
        yield "has freemium: set GENVORIS_FREE_TRYONS to how many are free in 30 days"
    if "freemium" in ways and not means.has_ledger and not means.default_plan:
        yield "has freemium, which needs a ledger, or the free plan in GENVORIS_DEFAULT_PLAN"
