"""Exports and erases all that is known of one shopper, wherever it is.

Each place is a ``Holder``. An erasure asks all of them, in order, until none has anything left;
what has failed is tried again. It is idempotent: a holder that has nothing deletes nothing.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from ...errors import GenvorisError

log: logging.Logger = logging.getLogger("genvoris_flask.privacy")

Outcome = Literal["deleted", "anonymised", "kept"]


@dataclass(frozen=True)
class ReceiptLine:
    """What became of one kind of data.

    Attributes:
        place: Where it is, such as ``database`` or ``Genvoris``.
        what: What it is.
        outcome: What became of it.
        count: How many there were, if they are counted.
        reason: Why it is kept, or how long.
        code: Names it in texts for shoppers (``core.locales``); empty for what they need not read.
    """

    place: str
    what: str
    outcome: Outcome
    count: int | None = None
    reason: str = ""
    code: str = ""


@dataclass(frozen=True)
class Receipt:
    """What an erasure has done so far. It does not say whose data it was.

    Attributes:
        id: The erasure's id.
        asked_at: When it was asked for.
        done_at: When all of it was done; None while something is pending.
        lines: What became of what.
        pending: The places that could not be erased yet, which are tried again.
    """

    id: str
    asked_at: datetime
    done_at: datetime | None
    lines: tuple[ReceiptLine, ...]
    pending: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return the receipt as JSON can represent it."""
        times = {"asked_at": self.asked_at.isoformat(), "done_at": None}
        if self.done_at:
            times["done_at"] = self.done_at.isoformat()
        return {**asdict(self), **times}

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Receipt:
        """Return what ``fields`` returned. A version without a field leaves its default."""
        done_at = fields["done_at"] and datetime.fromisoformat(fields["done_at"])
        lines = tuple(ReceiptLine(**line) for line in fields["lines"])
        asked_at, pending = datetime.fromisoformat(fields["asked_at"]), tuple(fields["pending"])
        return cls(fields["id"], asked_at, done_at, lines, pending)


class PendingError(GenvorisError):
    """A holder cannot be erased yet, such as while a try-on is under way."""


class Holder(Protocol):
    """A place that holds data of shoppers."""

    @property
    def place(self) -> str:
        """Its name."""

    def export(self, external_id: str) -> Any:
        """Return what it holds of a shopper, as JSON can represent it.

        Raises:
            GenvorisError: It cannot be asked.
        """

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:
        """Erase what it holds of a shopper.

        Args:
            external_id: The shop's id of the shopper.
            erasure_id: Identifies the erasure; a repeat has the same one.

        Raises:
            GenvorisError: Something is left. Call it again later.
        """


@dataclass(frozen=True)
class OpenErasure:
    """An erasure that is not done yet.

    Attributes:
        id: Its id.
        external_id: The shop's id of the shopper.
        asked_at: When it was asked for.
        so_far: What was done at the last attempt; None before the first one.
    """

    id: str
    external_id: str
    asked_at: datetime
    so_far: Receipt | None = None


class ErasureRecords(Protocol):
    """Keeps erasures until they are done, and their receipts afterwards."""

    def open(self, external_id: str) -> OpenErasure:
        """Return the open erasure of a shopper, which is recorded if there is none."""

    def save(self, receipt: Receipt) -> bool:
        """Store a receipt, with which an erasure that is done forgets whose it was.

        Returns:
            False if another process has finished the erasure meanwhile.
        """

    def pending(self) -> list[OpenErasure]:
        """Return the erasures that are not done, the oldest first."""


class NoErasureRecords:
    """For a shop without a database: what is left is not tried again by itself."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def open(self, external_id: str) -> OpenErasure:
        """Return a new erasure."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return OpenErasure(secrets.token_hex(16), external_id, now)

    def save(self, receipt: Receipt) -> bool:  # noqa: ARG002
        """Do nothing, and return True."""
        return True

    def pending(self) -> list[OpenErasure]:
        """Return nothing."""
        return []


class Erasures:
    """Exports and erases.

    Args:
        holders: All places, in the order in which they are erased.
        records: Keeps erasures until they are done.
        clock: Returns the time in Unix seconds.
        on_pending: Called with the id of an erasure that is to be tried again.
        on_done: Called with the shop's id and the receipt of one that is done.
    """

    def __init__(
        self,
        holders: Sequence[Holder],
        records: ErasureRecords,
        clock: Callable[[], float],
        on_pending: Callable[[str], object],
        on_done: Callable[[str, Receipt], object],
    ) -> None:
        self._holders = holders
        self._records = records
        self._clock = clock
        self._on_pending = on_pending
        self._on_done = on_done

    def export(self, external_id: str) -> dict[str, Any]:
        """Return all that is known of a shopper, by place.

        Raises:
            GenvorisError: A place cannot be asked. An export that lacks something is none.
        """
        found = {holder.place: holder.export(external_id) for holder in self._holders}
        plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
        return plain

    def erase(self, external_id: str) -> Receipt:
        """Erase all that is known of a shopper, and return what became of it.

        Raises:
            LedgerUnavailableError: The database cannot be used, so nothing was erased.
        """
        erasure = self._records.open(external_id)
        receipt = self._run(erasure)
        if receipt.pending:
            self._on_pending(erasure.id)
        return receipt

    def retry(self, erasure_id: str | None = None) -> list[Receipt]:
        """Continue erasures that are not done: one of them, or all; return their receipts."""
        found = self._records.pending()
        return [self._run(each) for each in found if erasure_id in (None, each.id)]

    def _run(self, erasure: OpenErasure) -> Receipt:
        # A place that is done is left alone: what it holds by now was bought or made since.
        lines = list(erasure.so_far.lines) if erasure.so_far else []
        pending: list[str] = []
        for holder in self._holders:
            if erasure.so_far and holder.place not in erasure.so_far.pending:
                continue
            try:
                lines += holder.erase(erasure.external_id, erasure.id)
            except GenvorisError as error:
                log.warning("%s could not be erased yet: %s", holder.place, type(error).__name__)
                pending.append(holder.place)
            except Exception:  # nor may it keep other places, or other shoppers, from their turn
                log.exception("%s could not be erased yet", holder.place)
                pending.append(holder.place)
        done_at = None if pending else datetime.fromtimestamp(self._clock(), UTC)
        receipt = Receipt(erasure.id, erasure.asked_at, done_at, tuple(lines), tuple(pending))
        if self._records.save(receipt) and done_at:
            self._on_done(erasure.external_id, receipt)
        return receipt
