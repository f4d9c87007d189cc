"""What the shop's owner changes for one shopper in the console, each with its audit entry.

A change, its journal lines and its entry are one transaction. Sending the form of a change twice
makes it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from ...errors import GenvorisError
from .accounts import LockedAccount, check_id
from .audit import Change, find_form, write_entry
from .balances import balance_of
from .customer_states import tell_state
from .grants import Grant, check_units, give, set_hold, take_back
from .models import FREE_SOURCE
from .schema import accounts
from .service import Ledger
from .subscriptions import follow, read_all

Work = Callable[[LockedAccount, str], object]


class UnknownShopperError(GenvorisError):
    """The ledger has no shopper of that id."""


class ShopperChanges:
    """Changes what a shopper has.

    Every call raises LedgerUnavailableError if the database cannot be used, and FormReusedError if
    the change's form was sent before with other contents. Nothing is changed then.

    Args:
        ledger: The shoppers' try-ons.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def give(self, change: Change, try_ons: int, *, expires_at: datetime | None) -> None:
        """Give a shopper try-ons.

        Args:
            change: Who gives them to whom, and why.
            try_ons: How many.
            expires_at: When what is left of them ends; None if it does not.
        """
        units = check_units("try_ons", try_ons)

        def work(account: LockedAccount, event: str) -> None:
            grant = Grant("gift", "console", event, units, expires_at=expires_at)
            give(account, grant, event)

        self._run(change, work, is_new=True, try_ons=units)

    def take_back(self, change: Change, try_ons: int) -> None:
        """Take back try-ons that were given, newest first; what is used stays used."""
        units = check_units("try_ons", try_ons)
        self._run(change, lambda account, event: take_back(account, units, event), try_ons=units)

    def pause(self, change: Change) -> None:
        """Hold all that a shopper has until ``resume``; what they get later is not held."""
        self._run(change, lambda account, event: self._hold(account, event, held=True))

    def resume(self, change: Change) -> None:
        """End a pause."""
        self._run(change, lambda account, event: self._hold(account, event, held=False))

    def _hold(self, account: LockedAccount, event: str, *, held: bool) -> None:
        state: Any = "paused" if held else "active"
        for each in read_all(account):
            if each.shop_state in ("active", "paused"):  # one that has ended is not begun again
                follow(account, replace(each, shop_state=state), self._ledger.policy, event)
        for lot in account.lots:
            if lot.kind != "allowance" or lot.source == FREE_SOURCE:  # others follow theirs
                set_hold(account, lot, "pause", held=held, event=event)

    def _run(self, change: Change, work: Work, *, is_new: bool = False, **asked: int) -> None:
        """Make a change unless its form was sent before.

        Args:
            change: Who changes what.
            work: Makes the change, given the locked account and what the journal calls its cause.
            is_new: Whether the shopper need not be known yet.
            asked: What was asked for.
        """
        shopper = check_id("the shopper's id", change.subject)
        event = f"console:{change.form}"

        def transaction(connection: Connection) -> None:
            if not is_new and not is_known(connection, shopper):
                raise UnknownShopperError("The ledger has no shopper of that id.")
            account = self._ledger.lock(connection, shopper)
            if find_form(connection, change, asked):
                return
            before = _state_of(account)
            work(account, event)
            tell_state(account)
            write_entry(connection, account.now, change, before, asked | _state_of(account))

        self._ledger.database.run(transaction)


def is_known(connection: Connection, external_id: str) -> bool:
    """Return whether the ledger has a shopper of an id."""
    found = select(accounts.c.external_id).where(accounts.c.external_id == external_id)
    return connection.execute(found).first() is not None


def _state_of(account: LockedAccount) -> dict[str, int]:
    balance = balance_of(account.lots, account.now)
    return {"available": balance.available, "held": balance.held}
