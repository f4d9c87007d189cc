"""The billing calls that need a ledger, for shops that have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ConfigurationError, see
from ..charging.credits import OrderItem
from ..ledger.models import Balance, DisputeOutcome, JournalLine, OrderLine


class WithoutLedger:
    """Refuses the calls that plans at Genvoris cannot carry exactly.

    Each raises ConfigurationError unless the shop has a ledger.
    """

    def grant(
        self,
        external_id: str,
        try_ons: int,
        *,
        email: str | None = None,
        event_id: str | None = None,
        expires_in: float | None = None,
        paid: int | None = None,
        currency: str | None = None,
        session: Any = None,
    ) -> Balance:
        """Grant a shopper try-ons, to be used once; return what they have now.

        Args:
            external_id: The shop's own id of the shopper.
            try_ons: The number of try-ons, at least 1.
            email: The shopper's address, if Genvoris should know it.
            event_id: The shop's id of the reason.
            expires_in: Seconds after which what is left ends. Default: GENVORIS_CREDIT_DAYS.
            paid: What was paid for them, in the currency's minor unit, if they were sold.
            currency: The currency's ISO code.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        raise self._without_ledger("grant")

    def take_back(
        self, external_id: str, try_ons: int, *, event_id: str | None = None, session: Any = None
    ) -> Balance:
        """Take back what ``grant`` gave, newest first; what is used stays used.

        Args:
            external_id: The shop's own id of the shopper.
            try_ons: The number of try-ons, at least 1.
            event_id: The shop's id of the reason.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        raise self._without_ledger("take_back")

    def order_paid(
        self,
        order_id: str,
        *,
        external_id: str | None = None,
        email: str | None = None,
        lines: Sequence[OrderLine] | None = None,
        try_ons: int | None = None,
        items: Sequence[OrderItem] = (),
        paid: int | None = None,
        currency: str | None = None,
        single: bool | None = None,
        session: Any = None,
    ) -> None:
        """Grant what a paid order brings. Call it again if the order is edited: it is corrected.

        Args:
            order_id: The shop's id of the order.
            external_id: The shop's own id of the shopper, or
            email: A guest's address. Who verifies it later gets the try-ons.
            lines: The lines of the order that bring try-ons, or
            try_ons: How many the whole order brings. Default: as GENVORIS_CREDITS says.
            items: What the order consists of, for GENVORIS_CREDITS.
            paid: What was paid for the whole order, in the currency's minor unit.
            currency: The currency's ISO code.
            single: Whether these are single try-ons, to be used within GENVORIS_SINGLE_HOURS.
                Default: if GENVORIS_CHARGING has pay_per_use and not credits.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        raise self._without_ledger("order_paid")

    def order_refunded(
        self,
        order_id: str,
        *,
        refunded: int,
        paid: int | None = None,
        line_id: str | None = None,
        session: Any = None,
    ) -> None:
        """Take back the share of an order's try-ons that was refunded.

        Args:
            order_id: The shop's id of the order.
            refunded: What was paid back so far in sum, in the currency's minor unit.
            paid: What it is a part of. Default: what ``order_paid`` was told.
            line_id: The line that was refunded; by default the order as a whole.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        raise self._without_ledger("order_refunded")

    def dispute(self, order_id: str, outcome: DisputeOutcome, *, session: Any = None) -> None:
        """Hold an order's try-ons while its payment is disputed.

        Args:
            order_id: The shop's id of the order.
            outcome: ``opened`` holds them, ``won`` frees them, ``lost`` voids them.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        raise self._without_ledger("dispute")

    def claim(self, external_id: str, email: str) -> Balance:
        """Grant a shopper what guests ordered under their address, which the shop has verified."""
        raise self._without_ledger("claim")

    def balance(self, external_id: str) -> Balance:
        """Return what a shopper has."""
        raise self._without_ledger("balance")

    def journal(self, external_id: str, *, limit: int = 100) -> list[JournalLine]:
        """Return the latest changes of a shopper's try-ons, the newest first."""
        raise self._without_ledger("journal")

    def _without_ledger(self, call: str) -> ConfigurationError:
        return ConfigurationError(
            f"billing.{call}() needs a ledger, since Genvoris fills plans again every 30 days: set "
            f"GENVORIS_DATABASE_URL or GENVORIS_DATABASE ({see('billing.md')})."
        )
