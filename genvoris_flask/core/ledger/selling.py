"""What was sold and given, what was refunded, and what is disputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from . import grants, guests
from .accounts import LockedAccount, check_id, lock_accounts, lock_named
from .balances import balance_of
from .events import Delivery
from .grants import Grant, check_amount, check_units
from .lots import Lot, Reversal
from .models import Balance, DisputeOutcome, LotKind, OrderLine
from .reversal_records import save_reversal, save_whole
from .transactions import Transactions


class Selling(Transactions):
    """Grants lots, and takes back what was refunded."""

    def give(
        self,
        external_id: str,
        grant: Grant,
        *,
        event_id: str | None = None,
        connection: Connection | None = None,
    ) -> Lot:
        """Grant a shopper a lot, or make the lot that is there what the grant says.

        Args:
            external_id: The shop's id of the shopper.
            grant: What they get.
            event_id: The billing system's id of the event.
            connection: A transaction of the shop's to join.

        Raises:
            EventConflictError: The event was told before and said something else.
        """
        check_units("try_ons", grant.units)

        def work(account: LockedAccount, delivery: Delivery) -> Lot:
            known = grants.find_lot(account.connection, grant.source, grant.source_id)
            if delivery.repeated and known:
                return known
            return grants.give(account, grant, delivery.id)

        about = f"{grant.source}:{grant.source_id}"
        return self._once(external_id, event_id, vars(grant), about, work, connection)

    def take_back(
        self,
        external_id: str,
        units: int,
        *,
        event_id: str | None = None,
        connection: Connection | None = None,
    ) -> Balance:
        """Take back try-ons that were given, newest first; what is used stays used."""
        check_units("try_ons", units)

        def work(account: LockedAccount, delivery: Delivery) -> Balance:
            if not delivery.repeated:
                grants.take_back(account, units, delivery.id)
            return balance_of(account.lots, account.now)

        return self._once(
            external_id, event_id, {"take_back": units}, "take-back", work, connection
        )

    def order_paid(
        self,
        order_id: str,
        lines: Sequence[OrderLine],
        *,
        external_id: str | None = None,
        email: str | None = None,
        paid: int | None = None,
        currency: str | None = None,
        expires_at: datetime | None = None,
        lasts: timedelta | None = None,
        kind: LotKind = "order",
        connection: Connection | None = None,
    ) -> list[Lot]:
        """Grant what a paid order brings. Telling it again with other numbers corrects it.

        Args:
            order_id: The shop's id of the order.
            lines: What brings try-ons.
            external_id: The shop's id of the shopper, or
            email: A guest's address, whose owner gets the try-ons once the shop has verified it.
            paid: What was paid for the whole order, in minor units; the sum of its lines by
                default. A refund of the order is a share of it.
            currency: The ISO code of what was paid in.
            expires_at: When the try-ons end, or
            lasts: how long they last from when the order was first told.
            kind: ``order``, or ``single`` for single try-ons.
            connection: A transaction of the shop's to join.
        """
        check_id("order_id", order_id)
        if len({line.id for line in lines}) < len(lines):
            raise ValueError(f"Two lines of the order {order_id!r} have the same id.")
        order = [
            Grant(
                kind=kind,
                source="order",
                source_id=f"{order_id}/{line.id}",
                units=check_units("try_ons", line.try_ons),
                bundle=order_id,
                paid=line.paid,
                currency=currency,
                expires_at=expires_at,
                lasts=lasts,
            )
            for line in lines
        ]
        whole = check_amount("paid", paid) if paid is not None else _sum(lines)

        def give(account: LockedAccount) -> list[Lot]:
            _save_whole(account.connection, order_id, whole)
            event = account.statement(f"order:{order_id}")
            return [grants.give(account, grant, event) for grant in order]

        if external_id is not None:
            return self._change(external_id, give, connection)
        if not email:
            raise TypeError("order_paid() needs the external_id or the email of who ordered.")
        digest = self._digests(email)[0]

        def give_to_guest(joined: Connection) -> list[Lot]:
            # Some of it may have been claimed: accounts are locked before anything else.
            lock_named(joined, grants.find_owners(joined, "order", order_id), self.now())
            _save_whole(joined, order_id, whole)
            event, now = f"order:{order_id}", self.now()
            return [guests.give_to_guest(joined, digest, grant, event, now) for grant in order]

        return self._join(connection, give_to_guest)

    def claim(self, external_id: str, email: str) -> list[Lot]:
        """Grant a shopper what was ordered under their address, which must be verified."""
        digests = self._digests(email)
        return self._change(external_id, lambda account: guests.claim_all(account, digests))

    def claim_order(self, external_id: str, order_id: str) -> list[Lot]:
        """Grant a shopper what was ordered, to whom the shop has given the order's link."""
        check_id("order_id", order_id)
        return self._change(
            external_id, lambda account: guests.claim_sale(account, "order", order_id)
        )

    def refunded(
        self,
        source: str,
        source_id: str,
        refunded: int,
        *,
        paid: int | None = None,
        connection: Connection | None = None,
    ) -> list[Lot]:
        """Note how much of a sale was refunded so far.

        Args:
            source: The system that sold.
            source_id: The id of the lot, or of the bundle of lots, there.
            refunded: Minor units in sum, not only those of the last refund.
            paid: What was paid in all; what the lots say by default.
            connection: A transaction of the shop's to join.
        """
        check_amount("refunded, which is the sum that was paid back,", refunded)
        if paid is not None:
            check_amount("paid", paid)
        reversal = Reversal(refunded=refunded, paid=paid)
        return self._reverse(source, source_id, reversal, connection)

    def disputed(
        self,
        source: str,
        source_id: str,
        outcome: DisputeOutcome,
        *,
        at: datetime | None = None,
        connection: Connection | None = None,
    ) -> list[Lot]:
        """Note what became of a dispute: opened holds the lots, won frees them, lost voids them."""
        if outcome not in ("opened", "won", "lost"):
            raise ValueError(f"outcome must be opened, won or lost, not {outcome!r}.")
        state: Any = "open" if outcome == "opened" else outcome
        reversal = Reversal(dispute=state, disputed_at=at or self.now())
        return self._reverse(source, source_id, reversal, connection)

    def _reverse(
        self, source: str, source_id: str, reversal: Reversal, connection: Connection | None
    ) -> list[Lot]:
        check_id("source_id", source_id)

        def work(joined: Connection) -> list[Lot]:
            owners = grants.find_owners(joined, source, source_id)
            accounts = lock_named(joined, owners, self.now())
            save_reversal(joined, source, source_id, reversal)
            # A sale that another process stores at this moment has locked the reversal: it is found
            # here, or finds what was stored.
            sold = grants.find_sold(joined, source, source_id)
            missed = [lot for lot in sold if lot.account not in accounts]
            accounts |= lock_accounts(joined, missed, self.now())
            about = f"{source}:{source_id}"
            return [_settle(accounts, lot, about) for lot in sold]

        return self._join(connection, work)


def _sum(lines: Sequence[OrderLine]) -> int | None:
    """Return what was paid for all lines, if that is known of each."""
    amounts = [line.paid for line in lines]
    known = [check_amount("paid", amount) for amount in amounts if amount is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _save_whole(connection: Connection, order_id: str, paid: int | None) -> None:
    if paid is not None:
        save_whole(connection, order_id, paid)


def _settle(accounts: Mapping[str, LockedAccount], lot: Lot, about: str) -> Lot:
    """Make a lot what its reversals leave of it; a guest's is settled when it is claimed."""
    if lot.account is None:
        return lot
    account = accounts[lot.account]
    return grants.apply_reversals(account, account.refresh(lot), account.statement(about))
