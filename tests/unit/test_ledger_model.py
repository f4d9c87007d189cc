"""Random histories of two shoppers against a plain model of the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import DisputeOutcome
from tests.support.ledgers import LedgerFixture, new_ledger

pytestmark = pytest.mark.thorough

SALES = st.sampled_from(["s1", "s2", "s3", "s4"])
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", "k5"])
LIFETIMES = st.sampled_from([None, 500, 2000])
TIME_LIMIT = 900


@dataclass
class Sale:
    """What the model knows of a lot."""

    granted: int = 0
    paid: int = 0
    end: float | None = None
    exists: bool = False
    ended: bool = False
    dispute: str = ""
    refunded: int = 0
    used: int = 0
    reserved: set[str] = field(default_factory=set)

    @property
    def keeps(self) -> int:
        if not self.refunded:
            return self.granted
        if self.refunded >= self.paid:
            return 0
        return self.granted - self.granted * self.refunded // self.paid

    @property
    def lost(self) -> bool:
        return self.dispute == "lost"

    @property
    def available(self) -> int:
        if not self.exists or self.ended or self.dispute in ("open", "lost"):
            return 0
        return max(0, self.keeps - self.used - len(self.reserved))


class LedgerMachine(RuleBasedStateMachine):
    """Applies each step to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.shop: LedgerFixture
        self.sales = {name: Sale() for name in ("s1", "s2", "s3", "s4")}
        self.open: dict[str, tuple[str, float]] = {}
        self.committed: set[str] = set()

    @initialize()
    def begin(self) -> None:
        """Start with an empty ledger."""
        self.shop = new_ledger("sqlite://")

    @rule(sale=SALES, units=st.integers(1, 4), lifetime=LIFETIMES)
    def sell(self, sale: str, units: int, lifetime: int | None) -> None:
        """Sell a lot, or say anew what was sold."""
        self._pass_time()
        known = self.sales[sale]
        end = known.end if known.exists else lifetime and self.shop.now + lifetime
        expires = datetime.fromtimestamp(end, UTC) if end else None
        grant = Grant("order", "shop", sale, units, paid=100, expires_at=expires)
        self.shop.ledger.give("u", grant)
        if known.exists and (known.ended or known.lost):
            return
        known.exists, known.paid, known.end = True, 100, end
        known.granted = max(units, known.used + len(known.reserved))

    @rule(key=KEYS)
    def reserve(self, key: str) -> None:
        """Reserve a try-on."""
        self._pass_time()
        got = self.shop.ledger.reserve("u", key)
        if key in self.open or key in self.committed:
            assert got is not None
            return
        assert (got is not None) == (self._available > 0)
        if got:
            lots = {each.source: each.reserved for each in self.shop.ledger.balance("u").lots}
            grown = [
                name
                for name, sale in self.sales.items()
                if lots.get(f"shop:{name}", 0) > len(sale.reserved)
            ]
            (sale,) = grown
            assert self.sales[sale].available
            self.sales[sale].reserved.add(key)
            self.open[key] = (sale, self.shop.now + TIME_LIMIT)

    @rule(key=KEYS)
    def commit(self, key: str) -> None:
        """A picture was made."""
        self._pass_time()
        was_open = key in self.open
        before = self._available
        counted = self.shop.ledger.commit("u", key)
        if was_open:
            assert counted
            sale, _ = self.open.pop(key)
            self.sales[sale].reserved.discard(key)
            self.sales[sale].used += 1
            self.committed.add(key)
        elif key in self.committed:
            assert counted
        elif counted:  # late, and there was room
            assert before
            used = {each.source: each.used for each in self.shop.ledger.balance("u").lots}
            (sale,) = [n for n, s in self.sales.items() if used.get(f"shop:{n}", 0) > s.used]
            self.sales[sale].used += 1
            self.committed.add(key)

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        """A try-on failed."""
        self._pass_time()
        assert self.shop.ledger.release("u", key) == (key in self.open)
        if key in self.open:
            sale, _ = self.open.pop(key)
            self.sales[sale].reserved.discard(key)

    @rule(sale=SALES, refunded=st.integers(0, 130))
    def refund(self, sale: str, refunded: int) -> None:
        """Tell how much was refunded so far, in any order."""
        self._pass_time()
        self.shop.ledger.refunded("shop", sale, refunded)
        self.sales[sale].refunded = max(self.sales[sale].refunded, refunded)

    @rule(sale=SALES, outcome=st.sampled_from(["opened", "won", "lost"]))
    def dispute(self, sale: str, outcome: DisputeOutcome) -> None:
        """Tell what became of a dispute."""
        self.shop.now += 1  # the newest counts
        self._pass_time()
        self.shop.ledger.disputed("shop", sale, outcome)
        known = self.sales[sale]
        if not known.lost:
            known.dispute = "open" if outcome == "opened" else outcome

    @rule(seconds=st.sampled_from([1, 400, 950]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.shop.now += seconds

    @invariant()
    def agrees(self) -> None:
        """The ledger has what the model has, and its sums are right."""
        if hasattr(self, "shop"):
            self._pass_time()
            assert self.shop.ledger.balance("u").available == self._available
            self.shop.check()

    def teardown(self) -> None:
        """Close the database."""
        if hasattr(self, "shop"):
            self.shop.database.engine.dispose()

    def _pass_time(self) -> None:
        """Let the model's lots end, and its reservations lapse."""
        now = self.shop.now
        for key, (sale, lapses_at) in list(self.open.items()):
            if lapses_at <= now:
                del self.open[key]
                self.sales[sale].reserved.discard(key)
        for known in self.sales.values():
            known.ended = known.ended or bool(known.end and known.end <= now)

    @property
    def _available(self) -> int:
        return sum(sale.available for sale in self.sales.values())


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
