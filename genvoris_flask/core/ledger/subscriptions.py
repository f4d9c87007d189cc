"""Keeps a shopper's lots at what their subscriptions allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from .accounts import LockedAccount, lock_named
from .allowances import Allowance, Policy, Subscription, allowances, newest
from .database import insert_if_absent
from .grants import Grant, apply_reversals, find_lot, give, set_hold
from .lots import Lot, allowed_units
from .reversal_records import find_reversals
from .schema import subscriptions

# The holds that follow from the states of subscriptions.
HOLDS = ("pause", "ended", "superseded")

# Built once, since building a statement takes longer than running it.
_DUE = (
    select(subscriptions.c.body)
    .where(
        subscriptions.c.account == bindparam("of_account"),
        subscriptions.c.due_at <= bindparam("now"),
    )
    .with_for_update()
)


def read_subscription(connection: Connection, source: str, name: str) -> Subscription | None:
    """Return a subscription as it is stored; no other transaction changes it meanwhile."""
    body = connection.execute(
        select(subscriptions.c.body)
        .where(subscriptions.c.source == source, subscriptions.c.id == name)
        .with_for_update()
    ).scalar_one_or_none()
    return None if body is None else Subscription.load(body)


def follow(account: LockedAccount, subscription: Subscription, policy: Policy, event: str) -> None:
    """Store what a subscription is now, and make the shopper's lots what it allows.

    Args:
        account: The shopper's account.
        subscription: All that is known of it. Stating the same again changes nothing.
        policy: What the shop decides about subscriptions.
        event: What caused it.
    """
    key = {"source": subscription.source, "id": subscription.id}
    row: dict[str, Any] = {"account": account.id, "body": subscription.dump()}
    insert_if_absent(account.connection, subscriptions, {**key, **row, "due_at": None})
    found = _settle_lots(account, subscription, policy, event)
    _void_others(account, subscription, found, event)
    row["due_at"] = _next_time(found, account.now)
    account.connection.execute(
        update(subscriptions)
        .where(subscriptions.c.source == key["source"], subscriptions.c.id == key["id"])
        .values(**row)
    )
    apply_holds(account, event)


def catch_up(account: LockedAccount, policy: Policy) -> None:
    """Do what became due by the passing of time, such as the next month of a longer period."""
    if account.is_due is False:
        return
    due = {"of_account": account.id, "now": account.now}
    rows = account.connection.execute(_DUE, due).scalars()
    for body in rows.all():
        follow(account, Subscription.load(body), policy, account.statement("month"))


def due_accounts(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Return some shoppers for whom ``catch_up`` has something to do."""
    found = connection.execute(
        select(subscriptions.c.account).where(subscriptions.c.due_at <= now).distinct().limit(limit)
    )
    return list(found.scalars())


def move(connection: Connection, source: str, name: str, owner: str, now: datetime) -> None:
    """Move a subscription and its lots to another shopper; what is used stays used."""
    stored = select(subscriptions.c.account).where(
        subscriptions.c.source == source, subscriptions.c.id == name
    )
    before = connection.execute(stored).scalar_one_or_none()
    if before is None or before == owner:
        return
    accounts = lock_named(connection, {before, owner}, now)
    for lot in accounts[before].lots:
        if _is_of(lot, source, name):
            accounts[before].hand_over(lot, owner)
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.source == source, subscriptions.c.id == name)
        .values(account=owner)
    )


def apply_holds(account: LockedAccount, event: str) -> None:
    """Hold the lots of subscriptions that are paused or ended, or that a newer one replaces."""
    if not any(lot.kind == "allowance" for lot in account.lots):
        return
    mine = [(each, lots_of(account, each.source, each.id)) for each in read_all(account)]
    by_buyer: dict[str, list[Subscription]] = defaultdict(list)
    for subscription, found in mine:
        if not subscription.holds and any(_is_paid_for(account, lot) for lot in found):
            by_buyer[subscription.buyer].append(subscription)
    paying = [newest(found) for found in by_buyer.values()]
    for subscription, found in mine:
        wanted = set(subscription.holds)
        if not wanted and by_buyer[subscription.buyer] and subscription not in paying:
            wanted.add("superseded")
        for lot in found:
            for hold in HOLDS:
                lot = set_hold(account, lot, hold, held=hold in wanted, event=event)


def read_all(account: LockedAccount) -> list[Subscription]:
    """Return all of a shopper's subscriptions."""
    rows = account.connection.execute(
        select(subscriptions.c.body)
        .where(subscriptions.c.account == account.id)
        .order_by(subscriptions.c.source, subscriptions.c.id)
    )
    return [Subscription.load(body) for body in rows.scalars()]


def drop_all(account: LockedAccount) -> None:
    """Forget a shopper's subscriptions."""
    account.connection.execute(delete(subscriptions).where(subscriptions.c.account == account.id))


def lots_of(account: LockedAccount, source: str, name: str) -> list[Lot]:
    """Return the lots of a subscription that have not ended."""
    return [lot for lot in account.lots if _is_of(lot, source, name)]


def _settle_lots(
    account: LockedAccount, subscription: Subscription, policy: Policy, event: str
) -> list[Allowance]:
    """Make the lots that have begun what they should be; return all allowances."""
    found = list(allowances(subscription, policy))
    for each in found:
        if each.starts_at > account.now:
            continue
        known = find_lot(account.connection, subscription.source, each.id)
        if known is None and (each.ends_at <= account.now or not each.units):
            continue  # its time is over, or it would be empty
        if known and known.account not in (None, account.id):
            continue  # it was a former owner's, whose account was closed
        give(account, _grant(subscription, each), event)
        if policy.rolls_over and each.follows:
            _roll_over(account, subscription, each, event)
    for lot in account.lots:
        if _is_of(lot, subscription.source, subscription.id):
            apply_reversals(account, lot, event)
    return found


def _roll_over(
    account: LockedAccount, subscription: Subscription, each: Allowance, event: str
) -> None:
    """Give what was left of the month before once more, until the end of this one."""
    before = find_lot(account.connection, subscription.source, str(each.follows))
    if before is None or before.account != account.id:  # it was a former owner's, as above
        return
    if not before.has_ended(account.now) or before.stored_state == "void":
        return
    kept = allowed_units(before, find_reversals(account.connection, before))
    left, name = max(0, kept - before.taken), f"{before.source_id}/rest"
    if left or find_lot(account.connection, subscription.source, name):
        rest = replace(
            _grant(subscription, each),
            source_id=name,
            units=left,
            bundle=before.bundle,
            starts_at=before.created_at,  # the older is used first
        )
        give(account, rest, event)


def _grant(subscription: Subscription, each: Allowance) -> Grant:
    return Grant(
        kind="allowance",
        source=subscription.source,
        source_id=each.id,
        units=each.units,
        bundle=each.period.payment,
        paid=each.period.paid,
        currency=each.period.currency,
        starts_at=each.starts_at,
        expires_at=each.ends_at,
    )


def _void_others(
    account: LockedAccount, subscription: Subscription, found: Iterable[Allowance], event: str
) -> None:
    """Void lots for periods that, as it turned out later, were none of their own."""
    known = {each.id for each in found} | {f"{each.id}/rest" for each in found}
    oldest = min((period.starts_at for period in subscription.periods), default=0.0)
    for lot in account.lots:
        is_recent = lot.created_at.timestamp() >= oldest
        is_other = is_recent and lot.source_id not in known
        if is_other and _is_of(lot, subscription.source, subscription.id):
            account.end(lot, "void", event)


def _next_time(found: Iterable[Allowance], now: datetime) -> datetime | None:
    """Return when a lot next begins, or ends and leaves its place to an older subscription."""
    times = [at for each in found for at in (each.starts_at, each.ends_at)]
    return min((at for at in times if at > now), default=None)


def _is_of(lot: Lot, source: str, name: str) -> bool:
    return lot.source == source and lot.source_id.startswith(f"{name}/")


def _is_paid_for(account: LockedAccount, lot: Lot) -> bool:
    """Return whether a lot's payment was neither disputed nor wholly refunded."""
    reversals = find_reversals(account.connection, lot)
    return "dispute" not in lot.holds and allowed_units(lot, reversals) > 0
