"""Puts what is left of a plan at Genvoris into a shopper's account."""

from __future__ import annotations

from sqlalchemy import Connection

from .accounts import Change, LockedAccount
from .allowances import SHOP, Period, Policy, Subscription
from .balances import balance_of
from .events import receive
from .grants import Grant, find_lot, give, set_hold
from .lots import Lot
from .models import FREE_SOURCE, PLAN_SOURCE
from .plan_move import LedgerMove, PlanBalance
from .subscribing import name_of
from .subscriptions import follow, read_subscription
from .transactions import Transactions


class _RolledBackError(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, result: LedgerMove) -> None:
        super().__init__("This was a dry run.")
        self.result = result


class Moving(Transactions):
    """Takes shoppers over from plans at Genvoris."""

    def move_in(self, plan: PlanBalance, *, dry_run: bool = False) -> LedgerMove:
        """Put what is left of a plan into the ledger, once for each customer of Genvoris's.

        Args:
            plan: What the shopper has at Genvoris.
            dry_run: Change nothing, and return what would be done.
        """

        def transaction(connection: Connection) -> LedgerMove:
            moved = self._move(self.lock(connection, plan.external_id), plan)
            if dry_run:
                raise _RolledBackError(moved)
            return moved

        try:
            return self.database.run(transaction)
        except _RolledBackError as end:
            return end.result

    def _move(self, account: LockedAccount, plan: PlanBalance) -> LedgerMove:
        before = balance_of(account.lots, account.now)
        event, body = f"move:{plan.customer_id}", {"customer": plan.customer_id}
        delivery = receive(account.connection, event, body, account.id, account.now)
        if delivery.repeated:
            return LedgerMove(False, before.available, before.available, before.held, None)
        lot = _give(account, plan, self.policy, event)
        after = balance_of(account.lots, account.now)
        until = lot.expires_at if lot else None
        return LedgerMove(True, before.available, after.available, after.held, until)


def _give(account: LockedAccount, plan: PlanBalance, policy: Policy, event: str) -> Lot | None:
    match plan.kind:
        case "subscription":
            return _give_subscription(account, plan, policy, event)
        case "free":
            return _give_free(account, plan, event)
        case "gift":
            return _give_gift(account, plan, event)


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


def _give_gift(account: LockedAccount, plan: PlanBalance, event: str) -> Lot | None:
    """Add what is left of granted try-ons. They had no end, so they get none."""
    if not plan.left:
        return None
    grant = Grant(
        kind="gift",
        source=PLAN_SOURCE,
        source_id=plan.customer_id,
        units=plan.left,
        starts_at=plan.starts_at,
    )
    lot = give(account, grant, event)
    return set_hold(account, lot, "pause", held=plan.is_paused, event=event)


def _carry_over(account: LockedAccount, lot: Lot, plan: PlanBalance, event: str) -> Lot:
    """Count what was used of the period at Genvoris."""
    used = min(plan.used, lot.room)
    return account.change(lot, "carry over", event, Change(used=used)) if used else lot
