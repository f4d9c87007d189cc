"""Reads from the records what a shopper has bought by Stripe, and how each of it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...api.models import Plan
from ..catalog import Catalog
from .choice import Source
from .context import STRIPE, StripeDesk
from .records import Account, Bought, Standing, Subscribed


def with_purchase(desk: StripeDesk, account: Account, name: str) -> Account:
    """Return the account with a subscription or a Checkout Session added."""
    if desk.memory.purchase(name):
        return replace(account, payments=tuple(dict.fromkeys((*account.payments, name))))
    return replace(account, subscriptions=tuple(dict.fromkeys((*account.subscriptions, name))))


def is_closed(desk: StripeDesk, account: Account, name: str) -> bool:
    """Say whether something was bought before the account was closed."""
    closed = account.closed
    if name in closed.purchases:
        return True
    bought = desk.memory.purchase(name)
    subscribed = desk.memory.subscription(name)
    began = bought.sold_at if bought else (subscribed.created or subscribed.began_at)
    return customer_of(desk, name) in closed.customers and began <= closed.at


def customer_of(desk: StripeDesk, name: str) -> str | None:
    """Return the Stripe customer of a subscription or a Checkout Session."""
    return (desk.memory.purchase(name) or desk.memory.subscription(name)).customer


def sources_of(
    desk: StripeDesk, external_id: str, account: Account, catalog: Catalog
) -> Iterator[Source]:
    """Yield the subscriptions that were ever active, and the single payments, of one shopper."""
    for name in account.subscriptions:
        known = desk.memory.subscription(name)
        price = catalog.sold(known.prices, known.plans)
        # Version 0.1 did not write down whose a subscription is.
        is_theirs = known.external_id in (None, external_id)
        if is_theirs and known.has_started and known.has_sold:
            plan = _plan(desk, external_id, catalog, price, known.plans)
            yield _of_subscription(desk, name, known, price, plan)
    for name in account.payments:
        bought = desk.memory.purchase(name)
        if bought and bought.external_id == external_id:
            yield _of_payment(desk, name, bought, catalog)


def _of_subscription(
    desk: StripeDesk, name: str, known: Subscribed, price: str | None, plan: Plan | None
) -> Source:
    reversal = desk.memory.reversal(known.invoice or name)
    standing: Standing = "active"
    if known.state == "ended" or price is None:
        standing = "over"
    elif reversal.is_lost:
        standing = "lost"
    elif reversal.is_disputed or known.state == "paused":
        standing = "held"
    return Source(
        name=name,
        buyer=known.customer or name,
        is_subscription=True,
        standing=standing,
        age=(known.created or known.began_at, known.began_at),
        sold_at=max(known.began_at, known.paid_at, known.repriced_at),
        price=price,
        plan=plan,
        is_due=known.is_due,
        sale_id=f"{STRIPE}{name}:start"
        if known.filled_until is None
        else f"{STRIPE}{known.invoice}",
        paid_until=known.paid_until,
    )


def _of_payment(desk: StripeDesk, name: str, bought: Bought, catalog: Catalog) -> Source:
    reversal = desk.memory.reversal(name)
    standing: Standing = "active"
    if reversal.is_lost:
        standing = "lost"
    elif reversal.is_disputed:
        standing = "held"
    plans = {bought.price: bought.plan_id} if bought.plan_id else {}
    return Source(
        name=name,
        buyer=bought.customer or name,
        is_subscription=False,
        standing=standing,
        age=(bought.sold_at, bought.sold_at),
        sold_at=bought.sold_at,
        price=bought.price,
        plan=catalog.plan(bought.price, plans),
        is_due=bought.plan_id is None,
        sale_id=f"{STRIPE}{name}",
    )


def _plan(
    desk: StripeDesk,
    external_id: str,
    catalog: Catalog,
    price: str | None,
    plans: Mapping[str, str],
) -> Plan | None:
    if price and plans.get(price) == "":  # version 0.1 did not write down which plan it was
        customer = desk.customer(external_id)
        plans = {price: customer.plan_id or ""} if customer else {}
    return catalog.plan(price, plans) if price else None
