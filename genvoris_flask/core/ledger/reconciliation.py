"""Compares what the journal says of a shopper's try-ons with what Genvoris counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Counts:
    """How a shopper's try-ons have ended.

    Attributes:
        committed: With a picture.
        failed: With an error.
        lapsed: Nobody knows how.
    """

    committed: int
    failed: int
    lapsed: int


@dataclass(frozen=True)
class Difference:
    """What Genvoris counted of a shopper's current period, against the journal.

    Attributes:
        account: The shop's id of the shopper.
        journal: Pictures by the journal.
        genvoris: Try-ons that Genvoris counted.
        lost_answers: How many of its surplus may be try-ons that failed here: Genvoris made the
            picture, and its answer was lost. The shopper was charged nothing.
        lapsed: How many more may be try-ons that a process did not live to settle.
        elsewhere: How many were made elsewhere, or before the shop had a ledger.
        not_metered: Pictures that Genvoris did not count, or counted in an earlier period.
    """

    account: str
    journal: int
    genvoris: int
    lost_answers: int
    lapsed: int
    elsewhere: int
    not_metered: int

    @classmethod
    def between(cls, account: str, counted: Counts, used: int) -> Self | None:
        """Return the difference between the journal and Genvoris's usage; None if there is none."""
        more = used - counted.committed
        if not more:
            return None
        lost = min(max(0, more), counted.failed)
        lapsed = min(max(0, more) - lost, counted.lapsed)
        return cls(
            account=account,
            journal=counted.committed,
            genvoris=used,
            lost_answers=lost,
            lapsed=lapsed,
            elsewhere=max(0, more) - lost - lapsed,
            not_metered=max(0, -more),
        )
