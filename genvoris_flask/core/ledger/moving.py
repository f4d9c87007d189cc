"""Puts what is left of a plan at Genvoris into a shopper's account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from .accounts import Change, LockedAccount
from .allowances import SHOP, Period, Policy, Subscription
from .balances import balance_of
from .events import lock_records, receive
from .grants import Grant, find_lot, give, set_hold
from .lots import Lot
from .models import FREE_SOURCE, PLAN_SOURCE
from .plan_move import LedgerMove, PlanBalance
from .subscribing import name_of
from .subscriptions import follow, lots_of, read_subscription
from .transactions import Transactions


class _RolledBackError(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, result: LedgerMove) -> None:
        super().__init__("This was a dry run.")
        self.result = result


@dataclass(frozen=True)
class Bought:
    """What a payment provider's records say of a shopper.

    Attributes:
        source: The provider.
        name: The provider's id of the purchase that what was used at Genvoris is counted against.
        gives_plan: Whether one of the purchases gives the plan at Genvoris.
    """

    source: str
    name: str | None
    gives_plan: bool


# Puts what was bought by a payment provider into the ledger, in the transaction of the move.
Buy = Callable[[Connection], Bought]


class Moving(Transactions):
    """Takes shoppers over from plans at Genvoris."""

    def move_in(
        self, plan: PlanBalance, buy: Buy | None = None, *, dry_run: bool = False
    ) -> LedgerMove:
        """Put what is left of a plan into the ledger, once for each customer of Genvoris's.

        Args:
            plan: What the shopper has at Genvoris.
            buy: Puts what they have bought by a payment provider into the ledger before.
            dry_run: Change nothing, and return what would be done.
        """

        def transaction(connection: Connection) -> LedgerMove:
            if buy:
                lock_records(connection, self.now())  # before the account, as events do
            moved = self._move(connection, plan, buy)
            if dry_run:
                raise _RolledBackError(moved)
            return moved

        try:
            return self.database.run(transaction)
        except _RolledBackError as end:
            return end.result

    def _move(self, connection: Connection, plan: PlanBalance, buy: Buy | None) -> LedgerMove:
        account = self.lock(connection, plan.external_id)
        before = balance_of(account.lots, account.now)
        event, body = f"move:{plan.customer_id}", {"customer": plan.customer_id}
        if receive(connection, event, body, account.id, account.now).repeated:
            return LedgerMove(False, before.available, before.available, before.held, None)
        bought = buy(connection) if buy else None
        if bought:
            account = self.lock(connection, plan.external_id)  # with the lots of what was bought
        lot = _give_bought(account, plan, bought, self.policy, event) if bought else None
        if not bought or not (lot or bought.gives_plan) or plan.kind == "gift":
            lot = _give(account, plan, lot, self.policy, event) or lot
        after = balance_of(account.lots, account.now)
        until = lot.expires_at if lot else None
        return LedgerMove(True, before.available, after.available, after.held, until)


def _give_bought(
    account: LockedAccount, plan: PlanBalance, bought: Bought, policy: Policy, event: str
) -> Lot | None:
    """Count what was used of the period at Genvoris against the purchase that gives the plan."""
    found = lots_of(account, bought.source, bought.name) if bought.name else []
    found = found or [lot for lot in account.lots if lot.source_id == bought.name]
    if not found:
        return None
    lot = _carry_over(account, found[0], plan, event)
    subscription = read_subscription(account.connection, bought.source, str(bought.name))
    if not plan.is_paused or lot.holds:
        return lot
    if subscription:
        follow(account, replace(subscription, shop_state="paused"), policy, event)
        return account.refresh(lot)
    return set_hold(account, lot, "pause", held=True, event=event)


def _give(
    account: LockedAccount, plan: PlanBalance, bought: Lot | None, policy: Policy, event: str
) -> Lot | None:
    match plan.kind:
        case "subscription":
            return _give_subscription(account, plan, policy, event)
        case "free":
            return _give_free(account, plan, event)
        case "gift":
            return _give_gift(account, plan, plan.left - (bought.room if bought else 0), event)


def _give_subscription(
    account: LockedAccount, plan: PlanBalance, policy: Policy, event: str
) -> Lot | None:
    """Add a subscription that the shop reports, so that its next renewal goes on with it."""
    name = name_of(account.id)
    if read_subscription(account.connection, SHOP, name):
        return None  # it was sold anew since, which ended the period at Genvoris
    starts_at, ends_at = plan.starts_at.timestamp(), plan.ends_at.timestamp()
    units = max(plan.units, plan.used)
    period = Period(
        id=PLAN_SOURCE,
        starts_at=starts_at,
        ends_at=ends_at,
        units=units,
        payment=f"{name}/{PLAN_SOURCE}",
        is_month=True,
    )
    subscription = Subscription(
        source=SHOP,
        id=name,
        buyer=SHOP,
        since=starts_at,
        shop_state="paused" if plan.is_paused else "active",
        changes=((ends_at, plan.monthly),) if plan.monthly != units else (),
        periods=(period,),
    )
    follow(account, subscription, policy, event)
    lot = find_lot(account.connection, SHOP, f"{name}/{PLAN_SOURCE}")
    return lot and _carry_over(account, lot, plan, event)


def _give_free(account: LockedAccount, plan: PlanBalance, event: str) -> Lot:
    """Add the running free period; the ledger begins the next one after it."""
    grant = Grant(
        kind="allowance",
        source=FREE_SOURCE,
        source_id=f"{PLAN_SOURCE}/{plan.customer_id}",
        units=max(plan.units, plan.used),
        starts_at=plan.starts_at,
        expires_at=plan.ends_at,
    )
    lot = _carry_over(account, give(account, grant, event), plan, event)
    return set_hold(account, lot, "pause", held=plan.is_paused, event=event)


def _give_gift(account: LockedAccount, plan: PlanBalance, units: int, event: str) -> Lot | None:
    """Add what is left of granted try-ons. They had no end, so they get none."""
    if units <= 0:
        return None
    grant = Grant(
        kind="gift",
        source=PLAN_SOURCE,
        source_id=plan.customer_id,
        units=units,
        starts_at=plan.starts_at,
    )
    lot = give(account, grant, event)
    return set_hold(account, lot, "pause", held=plan.is_paused, event=event)


def _carry_over(account: LockedAccount, lot: Lot, plan: PlanBalance, event: str) -> Lot:
    """Count what was used of the period at Genvoris."""
    used = min(plan.used, lot.room)
    return account.change(lot, "carry over", event, Change(used=used)) if used else lot
