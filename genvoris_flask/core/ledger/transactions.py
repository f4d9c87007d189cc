"""One change of one shopper's lots is one transaction, or a part of the shop's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from .accounts import LockedAccount
from .allowances import DEFAULT_POLICY, Policy
from .customer_states import tell_state
from .database import Database, Mode
from .events import Delivery, receive
from .guests import email_digest
from .subscriptions import catch_up

T = TypeVar("T")


class Transactions:
    """Runs changes of shoppers' lots.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
        secrets: Returns the keys under which addresses are digested: the one for new orders first,
            then those that it has replaced.
        policy: What the shop decides about subscriptions.

    Attributes:
        database: Runs transactions.
        policy: What the shop decides about subscriptions.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float],
        secrets: Callable[[], Sequence[bytes]],
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        self.database = database
        self.policy = policy
        self._clock = clock
        self._secrets = secrets

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
        *,
        mode: Mode = "durable",
    ) -> T:
        def locked(joined: Connection) -> T:
            account = self.lock(joined, external_id)
            result = work(account)
            if mode == "durable":  # a try-on changes nothing that Genvoris has to be told
                tell_state(account)
            return result

        return self._join(connection, locked, mode)

    def _settle(self, external_id: str, work: Callable[[LockedAccount], T]) -> T:
        """Settle a reservation, which needs nothing of what became due meanwhile."""
        return self.database.run(
            lambda connection: work(LockedAccount(connection, external_id, self.now())), "fast"
        )

    def lock(self, connection: Connection, external_id: str) -> LockedAccount:
        """Lock an account, and do what became due in it by the passing of time."""
        account = LockedAccount(connection, external_id, self.now())
        catch_up(account, self.policy)
        return account

    def _join(
        self,
        connection: Connection | None,
        work: Callable[[Connection], T],
        mode: Mode = "durable",
    ) -> T:
        return self.database.run(work, mode) if connection is None else work(connection)

    def digests(self, email: str) -> list[str]:
        """Return what an address may be stored as, the current one first."""
        return self._digests(email)

    def _digests(self, email: str | None) -> list[str]:
        return [email_digest(email, secret) for secret in self._secrets()] if email else []

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.fromtimestamp(self._clock(), UTC)
