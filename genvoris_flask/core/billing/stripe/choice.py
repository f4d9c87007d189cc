"""Decides which of the things that a shopper has bought by Stripe gives them their plan.

It looks at how things stand alone, not at how they came to be so: whatever order events come in,
the same purchases lead to the same plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ...api.models import Plan
from .records import Standing


@dataclass(frozen=True)
class Source:
    """A subscription or a single payment.

    Attributes:
        name: Stripe's id of the subscription or the Checkout Session.
        buyer: The Stripe customer; for a guest, the purchase's own id.
        is_subscription: Whether it goes on until it is ended.
        standing: ``active``; ``held`` while it is paused or its payment disputed; ``over`` when
            it ended or sells no plan any more; ``lost`` when its payment was taken back.
        age: When it was made, and when it was active the first time, in Unix seconds.
        sold_at: When something was sold by it the last time, in Unix seconds.
        price: The price that is a plan's; None when none is.
        plan: The plan; None when it is not at Genvoris.
        is_due: Whether it was paid for and has not filled the quota for that yet.
        sale_id: The event id to fill the quota with.
        paid_until: The end of the period that was paid for; of subscriptions.
    """

    name: str
    buyer: str
    is_subscription: bool
    standing: Standing
    age: tuple[int, int]
    sold_at: int
    price: str | None
    plan: Plan | None
    is_due: bool
    sale_id: str
    paid_until: int = 0

    @property
    def size(self) -> int:
        """How many try-ons a month it gives."""
        return (self.plan.monthly_try_ons or 0) if self.plan else 0


def choose(sources: Iterable[Source]) -> Source | None:
    """Return the source that gives the plan: an active one, else one that is held.

    Of one buyer's, the newest subscription counts, or a single payment that was made after
    something was sold by a subscription. Of several buyers', the largest plan counts, so that
    nobody's purchase lowers what another has paid for.
    """
    by_buyer: dict[str, list[Source]] = defaultdict(list)
    for each in sources:
        by_buyer[each.buyer].append(each)
    for standing in ("active", "held"):
        found = [best for each in by_buyer.values() if (best := _of_one_buyer(each, standing))]
        if found:
            return max(found, key=lambda each: (each.size, -each.sold_at, each.name))
    return None


def _of_one_buyer(sources: list[Source], standing: str) -> Source | None:
    there = [each for each in sources if each.standing == standing]
    subscriptions = [each for each in there if each.is_subscription]
    newest = max(subscriptions, key=lambda each: (each.age, each.name), default=None)
    # What a subscription sold last ends the single payments before it, for good.
    sold = [each.sold_at for each in sources if each.is_subscription and each.standing != "lost"]
    last = max(sold, default=-1)
    singles = [each for each in there if not each.is_subscription and each.sold_at > last]
    single = max(singles, key=lambda each: (each.sold_at, each.name), default=None)
    return single or newest
