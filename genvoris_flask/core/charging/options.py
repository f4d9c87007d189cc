"""Every way in which a refused shopper can go on, with its price as the shop writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..addresses import is_web_link
from ..billing.plans import DeclaredPlan
from ..ledger.models import FREE_SOURCE, Balance
from ..locales import DEFAULT, Translate, translate
from ..tryon.paywall import PaywallOption, Refusal
from .packs import Pack
from .ways import Way

# The keys of a plan in GENVORIS_PLANS, which are the shop's own, that paywalls use.
PRICE_KEYS = ("price_text", "price")
URL_KEY = "url"


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What a shop sells, and where.

    Attributes:
        ways: GENVORIS_CHARGING.
        plans: GENVORIS_PLANS.
        packs: GENVORIS_PACKS.
        plans_url: Where plans are sold, unless a plan says so itself.
        pack_url: Returns where a pack is sold.
        per_order: How many try-ons each order brings; None if that depends on the order.
    """

    ways: Sequence[Way]
    plans: Sequence[DeclaredPlan]
    packs: Sequence[Pack]
    plans_url: str | None
    pack_url: Callable[[Pack], str]
    per_order: int | None = None


def options_for(
    refusal: Refusal,
    offers: Offers,
    *,
    balance: Balance | None = None,
    renews_at: datetime | None = None,
    language: str = DEFAULT,
    say: Translate = translate,
) -> list[PaywallOption]:
    """Return every way to go on, the most likely first.

    Args:
        refusal: Why the shopper was refused.
        offers: What the shop sells.
        balance: What the shopper has, in a shop with a ledger.
        renews_at: When their plan's quota is full again, if that is known.
        language: The language of titles that the shop has not written.
        say: Returns these titles.
    """
    if refusal.reason == "credit_limit_reached" or "free" in offers.ways:
        return []
    found: list[PaywallOption] = []
    if refusal.reason != "paused" and "subscription" in offers.ways:
        found += _plans(offers, _plan_size(refusal, balance))
    if "pay_per_use" in offers.ways:
        found += _packs(offers, say, language)
    if "credits" in offers.ways:
        title = say("option.order", language)
        found.append(PaywallOption("order", title, try_ons=offers.per_order))
    renews_at = _renewal(balance) if balance else renews_at
    if renews_at and refusal.reason == "quota_exhausted":
        found.append(PaywallOption("wait", say("option.wait", language), at=renews_at))
    return found


def _plans(offers: Offers, size: int) -> Iterator[PaywallOption]:
    """Yield the plans that are larger than the shopper's."""
    for plan in offers.plans:
        if not plan.external_price_id or plan.monthly_try_ons <= size:
            continue
        price = next((plan.own[key] for key in PRICE_KEYS if _is_text(plan.own.get(key))), None)
        url = plan.own.get(URL_KEY)
        is_link = isinstance(url, str) and is_web_link(url)
        where = url if is_link else offers.plans_url
        yield PaywallOption("subscribe", plan.name, price, where, plan.monthly_try_ons)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _packs(offers: Offers, say: Translate, language: str) -> Iterator[PaywallOption]:
    for pack in offers.packs:
        title = pack.title or say("option.checkout", language)
        url = offers.pack_url(pack)
        yield PaywallOption("checkout", title, pack.price, url, pack.try_ons)


def _plan_size(refusal: Refusal, balance: Balance | None) -> int:
    """Return the monthly try-ons of the shopper's plan; 0 without one."""
    if refusal.reason != "quota_exhausted":
        return 0
    if balance is None:
        return refusal.limit or 0
    bought = [
        lot
        for lot in balance.lots
        if lot.kind == "allowance" and not lot.source.startswith(f"{FREE_SOURCE}:")
    ]
    return max((lot.granted for lot in bought), default=0)


def _renewal(balance: Balance) -> datetime | None:
    """Return when the next allowance may begin: when one that is there ends."""
    ends = [lot.expires_at for lot in balance.lots if lot.kind == "allowance" and lot.expires_at]
    return min(ends, default=None)
