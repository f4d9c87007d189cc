"""The billing calls that need a ledger, for shops that have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ConfigurationError, see
from ..ledger.models import Balance, DisputeOutcome, JournalLine, OrderLine


class WithoutLedger:
    """Refuses the calls that plans at Genvoris cannot carry exactly.

    Each raises ConfigurationError unless the shop has a ledger.
    """

    def order_paid(
        self,
        order_id: str,
        *,
        external_id: str | None = None,
        email: str | None = None,
        lines: Sequence[OrderLine] | None = None,
        try_ons: int | None = None,
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
            try_ons: How many the whole order brings.
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
            f"This call of billing.{call}() needs a ledger, since plans at Genvoris cannot carry "
            f"it exactly: set GENVORIS_DATABASE_URL ({see('billing.md')})."
        )
