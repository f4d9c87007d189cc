"""A plain model of the ledger's rules, which a random history is compared with.

It is written from the rules, not from the code: it keeps no sums, and looks at everything anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TIME_LIMIT = 900
PRIORITIES = {"allowance": 10, "gift": 20, "order": 30, "single": 40}

Kind = Literal["allowance", "gift", "order", "single"]


@dataclass
class Payment:
    """What was told about refunds and a dispute, perhaps before the sale."""

    refunded: int = 0
    dispute: str = ""


@dataclass
class ModelLot:
    """A lot; ``owner`` is None while it waits for a guest."""

    name: str
    kind: Kind
    number: int
    owner: str | None
    granted: int
    paid: int | None  # for the lot itself
    whole: int | None  # for the order that it is of
    sale: Payment  # the order's, or the lot's
    line: Payment  # the line's alone
    born: float
    end: float | None
    email: str | None = None
    is_over: bool = False
    used: int = 0
    taken_back: int = 0
    reserved: set[str] = field(default_factory=set)

    @property
    def keeps(self) -> int:
        """How many refunds and withdrawals leave."""
        lost = max(
            _share(self.granted, self.sale.refunded, self.whole),
            _share(self.granted, self.line.refunded, self.paid),
        )
        return max(0, self.granted - lost - self.taken_back)

    @property
    def room(self) -> int:
        """How many there would be if nothing was disputed."""
        if self.is_over or "lost" in (self.sale.dispute, self.line.dispute):
            return 0
        return max(0, self.keeps - self.used - len(self.reserved))

    @property
    def available(self) -> int:
        """How many can be used now."""
        is_held = "opened" in (self.sale.dispute, self.line.dispute)
        return 0 if is_held or self.owner is None else self.room

    @property
    def order(self) -> tuple[int, bool, float, float, int]:
        """Its place when a try-on is drawn: kind, free, soonest end, oldest."""
        end = float("inf") if self.end is None else self.end
        return PRIORITIES[self.kind], bool(self.paid), end, self.born, self.number


def _share(granted: int, refunded: int, paid: int | None) -> int:
    if not refunded:
        return 0
    return granted if not paid or refunded >= paid else granted * refunded // paid


@dataclass
class ModelTryOn:
    """A reservation, by its key."""

    shopper: str
    lot: ModelLot
    state: Literal["open", "committed", "free"]
    lapses_at: float


class LedgerModel:
    """What shoppers have after a history."""

    def __init__(self) -> None:
        self.lots: dict[str, ModelLot] = {}
        self.payments: dict[str, Payment] = {}
        self.tryons: dict[str, ModelTryOn] = {}

    def payment(self, name: str) -> Payment:
        """Return what was told about a payment."""
        return self.payments.setdefault(name, Payment())

    def available(self, shopper: str) -> int:
        """Return how many try-ons a shopper has."""
        return sum(lot.available for lot in self.of(shopper))

    def used(self, shopper: str) -> dict[str, int]:
        """Return how many of each lot were used."""
        return {lot.name: lot.used for lot in self.of(shopper)}

    def of(self, shopper: str) -> list[ModelLot]:
        """Return a shopper's lots."""
        return [lot for lot in self.lots.values() if lot.owner == shopper]

    def pass_time(self, now: float) -> None:
        """Let reservations lapse and lots end."""
        for tryon in self.tryons.values():
            if tryon.state == "open" and tryon.lapses_at <= now:
                self._free(tryon)
        for lot in self.lots.values():
            is_past = lot.end is not None and lot.end <= now
            lot.is_over = lot.is_over or (is_past and lot.owner is not None)

    def tell(self, name: str, lot: ModelLot) -> None:
        """Tell a lot, or what it is by now."""
        known = self.lots.get(name)
        if known is None:
            self.lots[name] = lot
            return
        known.whole = lot.whole
        if known.owner is None:
            known.email = lot.email
        if not known.is_over and "lost" not in (known.sale.dispute, known.line.dispute):
            known.granted = max(lot.granted, known.used + len(known.reserved))

    def claim(self, shopper: str, email: str) -> None:
        """Move the orders of an address to a shopper."""
        for lot in self.lots.values():
            if lot.owner is None and lot.email == email:
                lot.owner = shopper

    def take_back(self, shopper: str, units: int) -> None:
        """Take back gifts, newest first."""
        gifts = [lot for lot in self.of(shopper) if lot.kind == "gift"]
        for lot in sorted(gifts, key=lambda each: each.number, reverse=True):
            count = min(units, lot.room)
            lot.taken_back += count
            units -= count

    def dispute(self, name: str, outcome: str) -> None:
        """Note what became of a dispute; a lost one is final."""
        payment = self.payment(name)
        if payment.dispute != "lost":
            payment.dispute = outcome

    def reserve(self, shopper: str, key: str, now: float) -> bool | None:
        """Reserve a try-on; return whether there is one, or None if the key is another's."""
        known = self.tryons.get(key)
        if known is not None and known.shopper != shopper:
            return None
        if known is not None and known.state != "free":
            return True
        lot = self.next(shopper)
        if lot is None:
            return False
        lot.reserved.add(key)
        self.tryons[key] = ModelTryOn(shopper, lot, "open", now + TIME_LIMIT)
        return True

    def commit(self, shopper: str, key: str) -> bool:
        """Count a picture; return whether it counts, or counted before."""
        known = self.tryons.get(key)
        if known is None or known.state == "committed":
            return known is not None
        if known.state == "free":
            late = self.next(shopper)
            if late is None:
                return False
            known.lot = late
        known.lot.reserved.discard(key)
        known.lot.used += 1
        known.state = "committed"
        return True

    def release(self, key: str) -> bool:
        """Free a try-on that was not made."""
        known = self.tryons.get(key)
        if known is None or known.state != "open":
            return False
        self._free(known)
        return True

    def undo(self, key: str) -> bool:
        """Count a picture no longer that nobody got."""
        known = self.tryons.get(key)
        if known is None or known.state != "committed":
            return False
        known.lot.used -= 1
        known.state = "free"
        return True

    def next(self, shopper: str) -> ModelLot | None:
        """Return the lot that the next try-on is drawn from."""
        found = [lot for lot in self.of(shopper) if lot.available]
        return min(found, key=lambda lot: lot.order, default=None)

    def _free(self, tryon: ModelTryOn) -> None:
        for key, each in self.tryons.items():
            if each is tryon:
                tryon.lot.reserved.discard(key)
        tryon.state = "free"
