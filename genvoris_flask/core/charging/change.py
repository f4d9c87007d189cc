"""What a shop that changes its ways to charge has to set, and what becomes of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..ledger.models import Holdings
from .ways import KEY, NEED_LEDGER, Means, Way, problems

# What happens to what shoppers have when a way is given up; {shoppers} is who has some.
_GIVEN_UP: dict[Way, str] = {
    "free": "Whoever has nothing in the ledger will see the paywall.",
    "subscription": (
        "{shoppers} have try-ons of a running subscription. They keep them, and each payment still "
        "brings the next ones: cancel the subscriptions where they are sold, or go on serving them."
    ),
    "credits": "{shoppers} have try-ons of orders, which stay theirs. Stop calling order_paid().",
    "pay_per_use": "{shoppers} have single try-ons, which stay theirs.",
    "freemium": "Free try-ons that have begun stay until their time is over; no new ones begin.",
}
_KINDS: dict[Way, str] = {
    "subscription": "subscription",
    "credits": "order",
    "pay_per_use": "single",
    "freemium": "free",
}


def needs_ledger(ways: Sequence[Way]) -> bool:
    """Return whether one of the ways cannot do without a ledger."""
    return any(way in ways for way in NEED_LEDGER)


def settings_to_make(ways: Sequence[Way], means: Means) -> list[str]:
    """Return what a shop has to set for some ways to charge, as sentences."""
    missing = [f"{KEY} {problem}." for problem in problems(ways, means)]
    return [*missing, f'Set {KEY} = "{",".join(ways)}" and deploy.']


def warnings(now: Sequence[Way], ways: Sequence[Way], holdings: Sequence[Holdings]) -> list[str]:
    """Return what to know before a shop charges in some ways rather than as it does now."""
    return list(_warnings(now, ways, holdings))


def _warnings(
    now: Sequence[Way], ways: Sequence[Way], holdings: Sequence[Holdings]
) -> Iterator[str]:
    if "free" in ways and "free" not in now and any(each.left for each in holdings):
        yield "Nobody is charged while it is free; what shoppers have is kept for later."
    for way, number in given_up(now, ways, holdings).items():
        yield _GIVEN_UP[way].format(shoppers=f"{number} shopper{'' if number == 1 else 's'}")


def given_up(
    now: Sequence[Way], ways: Sequence[Way], holdings: Sequence[Holdings]
) -> dict[Way, int]:
    """Return the ways that would be given up, and how many shoppers have something by each.

    Only those are returned that anybody would notice.
    """
    shoppers = {each.kind: each.shoppers for each in holdings}
    counts = {way: shoppers.get(_KINDS.get(way, ""), 0) for way in now if way not in ways}
    return {way: number for way, number in counts.items() if number or way not in _KINDS}
