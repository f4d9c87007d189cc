"""The ledger's calls: what was sold and given, what was refunded, and what each try-on takes.

Each call is one transaction. With a connection of the shop's own transaction it joins that one, so
that both commit or neither does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ..billing.stripe.repository import StripeRepository
from . import balances, free, guests, reservations
from .accounts import LockedAccount, check_id
from .allowances import DEFAULT_POLICY, Policy
from .balances import balance_of, read_holdings, read_journal, read_lots
from .database import Database, unavailable
from .events import DatabaseRecords, Delivery, HandledWebhooks, lock_records
from .free import FreeAllowance
from .models import Balance, Holdings, JournalLine, Reservation
from .moving import Moving
from .notices import Notices
from .reconciliation import Counts
from .selling import Selling
from .subscribing import Subscribing
from .subscriptions import drop_all

T = TypeVar("T")

# Longer than any try-on takes.
RESERVATION_SECONDS = 900.0


class Ledger(Selling, Subscribing, Notices, Moving):
    """Shoppers' try-ons in the shop's database.

    Every call raises LedgerUnavailableError if the database cannot be used, and has then changed
    nothing.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
        secrets: Returns the keys under which addresses are digested, the current one first.
        policy: What the shop decides about subscriptions.
        reservation_seconds: How long a try-on may be under way.
        free_allowance: What shoppers with a verified address get for nothing.

    Attributes:
        database: Runs transactions.
        policy: What the shop decides about subscriptions.
        free_allowance: What shoppers with a verified address get for nothing.
        handled: Genvoris's webhooks that were handled.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float],
        secrets: Callable[[], Sequence[bytes]],
        policy: Policy = DEFAULT_POLICY,
        reservation_seconds: float = RESERVATION_SECONDS,
        free_allowance: FreeAllowance | None = None,
    ) -> None:
        super().__init__(database, clock=clock, secrets=secrets, policy=policy)
        self._time_limit = timedelta(seconds=reservation_seconds)
        self.free_allowance = free_allowance
        self.handled: HandledWebhooks = HandledWebhooks(database, self.now)

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
        digests = self._digests(verified_email)

        def prepare(account: LockedAccount) -> None:
            guests.claim_all(account, digests)
            if self.free_allowance:
                free.begin_period(account, digests, self.free_allowance)

        return self._change(
            external_id,
            lambda account: reservations.reserve(
                account, key, self._time_limit, prepare if digests else None
            ),
            mode="fast",
        )

    def commit(self, external_id: str, key: str) -> bool:
        """Count a try-on that was made; return False if nothing was left to count it against."""
        try:
            if self.database.run(
                lambda connection: reservations.commit_open(
                    connection, external_id, key, self.now()
                ),
                "fast",
            ):
                return True
        except reservations.ChangedMeanwhileError:
            pass
        return self._settle(external_id, lambda account: reservations.commit(account, key))

    def release(
        self, external_id: str, key: str, *, failed: bool = False, reason: str | None = None
    ) -> bool:
        """Release a try-on that was not made; return whether it was still reserved."""
        return self._settle(
            external_id,
            lambda account: reservations.release(account, key, failed=failed, reason=reason),
        )

    def undo(self, external_id: str, key: str) -> bool:
        """Count a picture no longer that its shopper never got; return whether it was counted."""
        return self._settle(external_id, lambda account: reservations.undo(account, key))

    def failed_sale(self, key: str) -> str | None:
        """Return the sale of a single try-on that has just failed three times in a row."""
        return self.database.run(
            lambda connection: reservations.failed_sale(connection, key), "read"
        )

    # Closing

    def close(self, external_id: str, *, event_id: str | None = None) -> None:
        """Void all that a shopper has, so that the next owner of the shop's id inherits nothing.

        Purchases made by Stripe until now give nothing any more.
        """

        def work(account: LockedAccount, delivery: Delivery) -> None:
            if delivery.repeated:
                return
            stored = DatabaseRecords(account.connection, account.now)
            StripeRepository(stored).close_account(account.id, account.now.timestamp())
            event = account.statement(delivery.id)
            for lot in account.lots:
                account.end(lot, "void", event)
            drop_all(account)

        def transaction(connection: Connection) -> None:
            lock_records(connection, self.now())  # before the account, as events of Stripe do
            event = None if event_id is None else f"close:{event_id}"
            self._once(external_id, event, {"close": True}, "close", work, connection)

        self.database.run(transaction)

    # Reading

    def balance(self, external_id: str, *, verified_email: str | None = None) -> Balance:
        """Return what a shopper has; ``verified_email`` is as for ``reserve``."""
        check_id("external_id", external_id)
        digests = self._digests(verified_email)
        now = self.now()

        def read(connection: Connection) -> Balance | None:
            if digests and guests.is_anything_waiting(connection, digests):
                return None
            found = read_lots(connection, external_id, now)
            if found is None:
                return None
            is_offered = (
                bool(digests)
                and self.free_allowance is not None
                and free.is_offered(connection, external_id, found, digests, now)
            )
            offered = [self.free_allowance.offer()] if is_offered and self.free_allowance else []
            return balance_of(found, now, offered)

        def catch_up(account: LockedAccount) -> Balance:
            if digests:
                guests.claim_all(account, digests)
            return balance_of(account.lots, now)

        known = self.database.run(read, "read")
        if known is not None:
            return known
        changed = self._change(external_id, catch_up)
        return self.database.run(read, "read") or changed

    def journal(self, external_id: str, *, limit: int = 100) -> list[JournalLine]:
        """Return the latest changes of a shopper's try-ons, the newest first."""
        check_id("external_id", external_id)
        return self.database.run(
            lambda connection: read_journal(connection, external_id, limit), "read"
        )

    def holdings(self) -> list[Holdings]:
        """Return what all shoppers together have, by its kind."""
        return self.database.run(lambda each: read_holdings(each, self.now()), "read")

    # Comparing

    def recent_accounts(self) -> list[str]:
        """Return the shoppers who have reserved a try-on lately, by their ids in the shop."""
        return self.database.run(
            lambda connection: balances.recent_accounts(connection, self.now()), "read"
        )

    def counts_since(self, external_id: str, since: datetime | None) -> Counts:
        """Return how a shopper's try-ons have ended since a time."""
        return self.database.run(
            lambda connection: balances.counts_since(connection, external_id, since), "read"
        )

    def wrong_lots(self) -> list[str]:
        """Return the lots whose counters differ from the sums over their journal."""
        return self.database.run(balances.wrong_lots, "read")

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
