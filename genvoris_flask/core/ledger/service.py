"""The ledger's calls: what was sold and given, what was refunded, and what each try-on takes.

Each call is one transaction. With a connection of the shop's own transaction it joins that one, so
that both commit or neither does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from . import free, grants, reservations
from .accounts import LockedAccount, check_id, lock_accounts
from .balances import balance_of, read_journal, read_lots
from .database import Database, unavailable
from .events import Delivery, receive
from .free import FreeAllowance
from .grants import Grant, check_units
from .lots import Lot, Reversal
from .models import Balance, DisputeOutcome, JournalLine, LotKind, OrderLine, Reservation
from .reversal_records import save_reversal

T = TypeVar("T")

# Longer than any try-on takes.
RESERVATION_SECONDS = 900.0


class Ledger:
    """Shoppers' try-ons in the shop's database.

    Every call raises LedgerUnavailableError if the database cannot be used, and has then changed
    nothing.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
        secret: Returns the key under which guests' addresses are digested.
        reservation_seconds: How long a try-on may be under way.
        free_allowance: What shoppers with a verified address get for nothing.

    Attributes:
        database: Runs transactions.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float],
        secret: Callable[[], bytes],
        reservation_seconds: float = RESERVATION_SECONDS,
        free_allowance: FreeAllowance | None = None,
    ) -> None:
        self.database = database
        self._clock = clock
        self._secret = secret
        self._time_limit = timedelta(seconds=reservation_seconds)
        self._free = free_allowance

    # Spending

    def reserve(
        self, external_id: str, key: str, *, verified_email: str | None = None
    ) -> Reservation | None:
        """Reserve a try-on; return None if the shopper has none left.

        Args:
            external_id: The shop's id of the shopper.
            key: The try-on's idempotency key. The same key is the same reservation.
            verified_email: The shopper's address, if the shop has verified it: free try-ons and
                orders that waited for its owner are theirs.
        """
        digest = self._digest(verified_email) if verified_email else None

        def prepare(account: LockedAccount) -> None:
            if digest is not None:
                grants.claim_all(account, digest)
                if self._free:
                    free.begin_period(account, digest, self._free)

        return self._change(
            external_id,
            lambda account: reservations.reserve(account, key, self._time_limit, prepare),
        )

    def commit(self, external_id: str, key: str) -> bool:
        """Count a try-on that was made; return False if nothing was left to count it against."""
        return self._change(external_id, lambda account: reservations.commit(account, key))

    def release(self, external_id: str, key: str, *, failed: bool = False) -> bool:
        """Release a try-on that was not made; return whether it was still reserved."""
        return self._change(
            external_id, lambda account: reservations.release(account, key, failed=failed)
        )

    def failed_sale(self, key: str) -> str | None:
        """Return the sale of a single try-on that has just failed three times in a row."""
        return self.database.run(lambda connection: reservations.failed_sale(connection, key))

    # Granting

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
        currency: str | None = None,
        expires_at: datetime | None = None,
        kind: LotKind = "order",
        connection: Connection | None = None,
    ) -> list[Lot]:
        """Grant what a paid order brings. Telling it again with other numbers corrects it.

        Args:
            order_id: The shop's id of the order.
            lines: What brings try-ons.
            external_id: The shop's id of the shopper, or
            email: A guest's address, whose owner gets the try-ons once the shop has verified it.
            currency: The ISO code of what was paid in.
            expires_at: When the try-ons end.
            kind: ``order``, or ``single`` for single try-ons.
            connection: A transaction of the shop's to join.
        """
        check_id("order_id", order_id)
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
            )
            for line in lines
        ]
        if external_id is not None:
            return self._change(
                external_id,
                lambda account: [
                    grants.give(account, grant, account.statement(f"order:{order_id}"))
                    for grant in order
                ],
                connection,
            )
        if not email:
            raise TypeError("order_paid() needs the external_id or the email of who ordered.")
        digest = self._digest(email)
        return self._join(
            connection,
            lambda joined: [
                grants.give_to_guest(joined, digest, grant, f"order:{order_id}", self._now())
                for grant in order
            ],
        )

    def claim(self, external_id: str, email: str) -> list[Lot]:
        """Grant a shopper what was ordered under their address, which must be verified."""
        digest = self._digest(email)
        return self._change(external_id, lambda account: grants.claim_all(account, digest))

    # Taking back

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
        if refunded < 0:
            raise ValueError(f"refunded is the sum that was paid back, not {refunded}.")
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
        state: Any = "open" if outcome == "opened" else outcome
        reversal = Reversal(dispute=state, disputed_at=at or self._now())
        return self._reverse(source, source_id, reversal, connection)

    def hold(self, external_id: str, bundle: str, hold: str, *, held: bool, source: str) -> None:
        """Hold the lots of a bundle for a reason, or release them from that one."""

        def work(account: LockedAccount) -> None:
            event = account.statement(f"{source}:{bundle}")
            for lot in account.lots:
                if (lot.source, lot.bundle) == (source, bundle):
                    grants.set_hold(account, lot, hold, held=held, event=event)

        self._change(external_id, work)

    # Reading

    def balance(self, external_id: str, *, verified_email: str | None = None) -> Balance:
        """Return what a shopper has; ``verified_email`` is as for ``reserve``."""
        check_id("external_id", external_id)
        digest = self._digest(verified_email) if verified_email else None
        now = self._now()

        def read(connection: Connection) -> Balance:
            found = read_lots(connection, external_id, now)
            is_offered = (
                digest is not None
                and self._free is not None
                and free.is_offered(connection, external_id, found, digest, now)
            )
            offered = [self._free.offer()] if is_offered and self._free else []
            return balance_of(found, now, offered)

        if digest and self.database.run(lambda each: grants.is_anything_waiting(each, digest)):
            self._change(external_id, lambda account: grants.claim_all(account, digest))
        return self.database.run(read)

    def journal(self, external_id: str, *, limit: int = 100) -> list[JournalLine]:
        """Return the latest changes of a shopper's try-ons, the newest first."""
        check_id("external_id", external_id)
        return self.database.run(lambda connection: read_journal(connection, external_id, limit))

    # Tables

    def upgrade(self) -> tuple[str | None, str | None]:
        """Create the tables, or bring them up to date; return their versions before and after."""
        from .migrate import upgrade  # Alembic is slow to import

        return self._guarded(upgrade)

    def is_outdated(self) -> bool:
        """Return whether the tables are missing or not up to date."""
        from .migrate import pending  # Alembic is slow to import

        return self._guarded(pending)

    def _guarded(self, work: Callable[[Engine], T]) -> T:
        try:
            return work(self.database.engine)
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    def _reverse(
        self, source: str, source_id: str, reversal: Reversal, connection: Connection | None
    ) -> list[Lot]:
        check_id("source_id", source_id)

        def work(joined: Connection) -> list[Lot]:
            known = grants.find_sold(joined, source, source_id)
            accounts = lock_accounts(joined, known, self._now())
            save_reversal(joined, source, source_id, reversal)
            # A sale that another process stores at this moment has locked the reversal: it is found
            # here, or finds what was stored.
            sold = grants.find_sold(joined, source, source_id)
            missed = [lot for lot in sold if lot.account not in accounts]
            accounts |= lock_accounts(joined, missed, self._now())
            about = f"{source}:{source_id}"
            return [_settle(accounts, lot, about) for lot in sold]

        return self._join(connection, work)

    def _once(
        self,
        external_id: str,
        event_id: str | None,
        body: Mapping[str, Any],
        about: str,
        work: Callable[[LockedAccount, Delivery], T],
        connection: Connection | None,
    ) -> T:
        """Run work with the delivery of an event, which says whether it is a repeat."""

        def once(account: LockedAccount) -> T:
            if event_id is None:
                return work(account, Delivery(account.statement(about), repeated=False))
            told = {**body, "external_id": external_id}
            delivery = receive(account.connection, event_id, told, account.id, account.now)
            return work(account, delivery)

        return self._change(external_id, once, connection)

    def _change(
        self,
        external_id: str,
        work: Callable[[LockedAccount], T],
        connection: Connection | None = None,
    ) -> T:
        def locked(joined: Connection) -> T:
            return work(LockedAccount(joined, external_id, self._now()))

        return self._join(connection, locked)

    def _join(self, connection: Connection | None, work: Callable[[Connection], T]) -> T:
        return self.database.run(work) if connection is None else work(connection)

    def _digest(self, email: str) -> str:
        return grants.email_digest(email, self._secret())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _settle(accounts: Mapping[str, LockedAccount], lot: Lot, about: str) -> Lot:
    """Make a lot what its reversals leave of it; a guest's is settled when it is claimed."""
    if lot.account is None:
        return lot
    account = accounts[lot.account]
    return grants.apply_reversals(account, account.refresh(lot), account.statement(about))
