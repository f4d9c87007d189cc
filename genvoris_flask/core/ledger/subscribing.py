"""Subscriptions: those that a payment provider reports, and those that the shop reports itself."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ...errors import UnknownSubscriptionError, see
from .accounts import LockedAccount, check_id
from .allowances import SHOP, Period, Subscription, SubscriptionState, add_months, time
from .balances import balance_of
from .columns import ID_LENGTH
from .events import Delivery
from .grants import check_units, set_hold
from .lots import Lot, Reversal
from .models import FREE_SOURCE, Balance
from .reversal_records import save_reversal
from .subscriptions import apply_holds, due_accounts, follow, lots_of, read_all, read_subscription
from .transactions import Transactions

# A payment that comes so much later than a period's end still pays for the period after it.
LATE = timedelta(days=3)
BATCH = 500
RENEWAL = "renewal:"

Change = Callable[[Subscription], Subscription]


class Subscribing(Transactions):
    """Keeps shoppers' lots at what their subscriptions allow."""

    def start_period(
        self,
        call: str,
        external_id: str,
        units: int | None,
        *,
        event_id: str | None = None,
        until: datetime | None = None,
        connection: Connection | None = None,
    ) -> Balance:
        """Start a period of a subscription that the shop reports itself; the running one ends.

        Args:
            call: ``activate`` or ``renew``.
            external_id: The shop's id of the shopper.
            units: Try-ons a month; None for those of the current plan.
            event_id: The billing system's id of the event.
            until: When what was paid for ends; a month later by default.
            connection: A transaction of the shop's to join.

        Raises:
            UnknownSubscriptionError: No plan is given, and the shopper has none.
        """
        if units is not None:
            check_units("monthly_try_ons", units)

        def work(account: LockedAccount, delivery: Delivery) -> Balance:
            if not delivery.repeated:
                subscription = _begin(account, call == "activate", units, event_id, until)
                follow(account, subscription, self.policy, account.statement(delivery.id))
            return balance_of(account.lots, account.now)

        body = {"call": call, "units": units, "until": until}
        return self._once(
            external_id, _event(call, external_id, event_id), body, call, work, connection
        )

    def change_plan(
        self,
        external_id: str,
        units: int,
        *,
        event_id: str | None = None,
        connection: Connection | None = None,
    ) -> Balance:
        """Change the plan of a subscription that the shop reports itself.

        Raises:
            UnknownSubscriptionError: The shopper has none.
        """
        check_units("monthly_try_ons", units)

        def work(account: LockedAccount, delivery: Delivery) -> Balance:
            if not delivery.repeated:
                known = read_subscription(account.connection, SHOP, name_of(account.id))
                if known is None:
                    raise _unknown(account.id)
                changes = (*known.changes, (account.now.timestamp(), units))
                changed = replace(known, changes=changes, periods=_begun(known, account.now))
                follow(account, changed, self.policy, account.statement(delivery.id))
            return balance_of(account.lots, account.now)

        call = "change_plan"
        event = _event(call, external_id, event_id)
        return self._once(external_id, event, {"units": units}, call, work, connection)

    def set_state(
        self,
        call: str,
        external_id: str,
        state: SubscriptionState,
        *,
        event_id: str | None = None,
        connection: Connection | None = None,
    ) -> Balance:
        """Pause, resume or end all of a shopper's subscriptions, whoever sells them.

        Raises:
            UnknownSubscriptionError: The shopper has none.
        """

        def work(account: LockedAccount, delivery: Delivery) -> Balance:
            if not delivery.repeated:
                found, moved = read_all(account), _paused_alone(account)
                if not found and not moved:
                    raise _unknown(account.id)
                event = account.statement(delivery.id)
                for each in found:
                    follow(account, replace(each, shop_state=state), self.policy, event)
                for lot in moved if state == "active" else ():
                    set_hold(account, lot, "pause", held=False, event=event)
            return balance_of(account.lots, account.now)

        event = _event(call, external_id, event_id)
        return self._once(external_id, event, {"state": state}, call, work, connection)

    def refund_sale(
        self,
        external_id: str,
        sale_id: str | None,
        *,
        event_id: str | None = None,
        connection: Connection | None = None,
    ) -> Balance:
        """Take back a period that the shop reported; what is used stays used.

        Args:
            external_id: The shop's id of the shopper.
            sale_id: The event id of the sale, which may not have come yet; by default the running
                period is taken back.
            event_id: The billing system's id of the event.
            connection: A transaction of the shop's to join.
        """

        def work(account: LockedAccount, delivery: Delivery) -> Balance:
            if not delivery.repeated:
                name = name_of(account.id)
                known = read_subscription(account.connection, SHOP, name)
                running = lots_of(account, SHOP, name)
                if sale_id is None and not running:
                    raise _unknown(account.id)
                sold = {str(lot.bundle) for lot in running}
                if sale_id is not None:
                    sold = {f"{name}/{_period_id(name, sale_id)}"}
                for each in sorted(sold):
                    save_reversal(account.connection, SHOP, each, Reversal(refunded=1))
                event = account.statement(delivery.id)
                if known:
                    follow(account, known, self.policy, event)
                apply_holds(account, event)
            return balance_of(account.lots, account.now)

        event = _event("refund", external_id, event_id)
        return self._once(external_id, event, {"sale": sale_id}, "refund", work, connection)

    def catch_up(self) -> int:
        """Begin the months of longer periods that have come; return for how many shoppers."""
        count = 0
        while names := self.database.run(
            lambda connection: due_accounts(connection, self.now(), BATCH)
        ):
            for name in names:
                self._change(name, lambda _account: None)
            count += len(names)
        return count


def _paused_alone(account: LockedAccount) -> list[Lot]:
    """Return paused lots of no subscription: of who was paused when moved from plans."""
    paused = [lot for lot in account.lots if "pause" in lot.holds]
    return [lot for lot in paused if lot.kind != "allowance" or lot.source == FREE_SOURCE]


def _begin(
    account: LockedAccount,
    is_sale: bool,
    units: int | None,
    event_id: str | None,
    until: datetime | None,
) -> Subscription:
    """Return the shop's subscription with a new period; a sale counts months from its own day."""
    name, now = name_of(account.id), account.now
    known = read_subscription(account.connection, SHOP, name)
    number = units if units is not None else _current_units(known, account)
    before = known or Subscription(SHOP, name, SHOP, now.timestamp())
    is_new = is_sale or _last_end(before, now) < now - LATE
    since = now.timestamp() if is_new else before.since
    _check_end(until)
    end = until or (add_months(now, 1) if is_new else _next_end(before, now))
    if end <= now:
        raise ValueError(f"until ({end}) is in the past: it is when what was paid for ends.")
    sale = _period_id(name, event_id)
    period = Period(
        id=sale if is_sale else f"{RENEWAL}{sale}",
        starts_at=now.timestamp(),
        ends_at=end.timestamp(),
        units=number,
        payment=f"{name}/{sale}",
        is_month=until is None,
    )
    return replace(
        before,
        since=since,
        shop_state="active" if is_sale else before.shop_state,
        # The period has its own number; what changed until now is not a change of it.
        changes=tuple(each for each in before.changes if each[0] < now.timestamp()),
        periods=(*_begun(before, now), period),
    )


def _check_end(until: object) -> None:
    is_clear = isinstance(until, datetime) and until.tzinfo is not None
    if until is not None and not is_clear:
        raise TypeError(f"until must be a datetime with a time zone, not {until!r}.")


def _begun(known: Subscription, now: datetime) -> tuple[Period, ...]:
    """Return the periods of a subscription, none of which begins later than now.

    The shop reports a period when it begins. One that seems to be in the future is of a clock that
    is ahead of this one, or was set back since.
    """
    at = now.timestamp()
    return tuple(replace(each, starts_at=min(each.starts_at, at)) for each in known.periods)


def _current_units(known: Subscription | None, account: LockedAccount) -> int:
    if known is None:
        raise _unknown(account.id)
    latest = max(known.periods, key=lambda each: each.starts_at)
    changes = [units for at, units in known.changes_in_order if at >= latest.starts_at]
    return changes[-1] if changes else latest.units


def _last_end(known: Subscription, now: datetime) -> datetime:
    return max((time(each.ends_at) for each in known.periods), default=now)


def _next_end(known: Subscription, now: datetime) -> datetime:
    """Return when the period after the last one ends.

    The day of the month stays that of the first period, also after shorter months.
    """
    last, number = max(_last_end(known, now), now), 1
    while add_months(time(known.since), number) <= last:
        number += 1
    return add_months(time(known.since), number)


def name_of(external_id: str) -> str:
    """Return the id of the subscription that the shop reports for a shopper."""
    return hashlib.sha256(external_id.encode()).hexdigest()[:24]


def _period_id(name: str, event_id: str | None) -> str:
    if event_id is None:
        return str(uuid.uuid4())
    if len(name) + 40 + len(event_id) > ID_LENGTH:  # a renewal, and the date of a month
        return hashlib.sha256(event_id.encode()).hexdigest()
    return event_id


def _event(call: str, external_id: str, event_id: str | None) -> str | None:
    """Return the id under which an event is noted: it takes effect once per shopper and call."""
    if event_id is None:
        return None
    check_id("event_id", event_id[:ID_LENGTH])
    name = f"{call}:{name_of(external_id)}:{event_id}"
    if len(name) > ID_LENGTH - 21:  # with the version of the account
        name = f"{call}:{hashlib.sha256(name.encode()).hexdigest()}"
    return name


def _unknown(external_id: str) -> UnknownSubscriptionError:
    return UnknownSubscriptionError(
        f"The shopper {external_id!r} has no subscription in the ledger: call activate() first "
        f"({see('billing.md')})."
    )
