"""Random histories of two shoppers and a guest against a plain model of the rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import DisputeOutcome, OrderLine
from genvoris_flask.core.ledger.reservations import ForeignReservationError
from tests.support.ledger_model import Kind, LedgerModel, ModelLot
from tests.support.ledgers import LedgerFixture, new_ledger

pytestmark = pytest.mark.thorough

# Histories of one run. Set it to 1000 or more for a long one.
EXAMPLES = int(os.environ.get("GENVORIS_TEST_HISTORIES", "80"))

SHOPPERS = st.sampled_from(["u", "v"])
EMAILS = st.sampled_from(["ada@example.com", "ben@example.com"])
# Each has a kind, and either was paid for or not.
LOTS = st.sampled_from(["allowance-1", "gift-1", "gift-2", "single-1", "single-2", "single-3"])
ORDERS = st.sampled_from(["o1", "o2"])
SALES = st.sampled_from(["single-1", "single-3", "o1", "o1/a", "o2", "o2/b"])
NAMES = ["k1", "k2", "k3", "k4", "k5", "k6"]
KEYS = st.sampled_from(NAMES)
DISPUTES: list[list[DisputeOutcome]] = [
    ["opened"],
    ["won"],
    ["opened", "won"],
    ["opened", "lost"],
    ["lost", "won"],
]
LIFETIMES = st.sampled_from([None, -5, 500, 2000])


class LedgerMachine(RuleBasedStateMachine):
    """Applies each step to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.shop: LedgerFixture
        self.model = LedgerModel()
        self.calls = 0
        # What was told under an event id, which may be told again at any time.
        self.told: list[Callable[[], object]] = []

    @initialize(
        made=st.integers(0, 4),
        begun=st.integers(0, 2),
        outcomes=st.sampled_from(DISPUTES),
        refunds=st.lists(st.integers(0, 99), min_size=1, max_size=2),
    )
    def begin(
        self, made: int, begun: int, outcomes: list[DisputeOutcome], refunds: list[int]
    ) -> None:
        """Start with what one shopper has and has used, another's order, and that of a guest."""
        self.shop = new_ledger("sqlite://")
        self.tell("u", "gift-1", 1, None)
        self.refund("single-3", refunds)
        self.dispute("single-3", outcomes)
        self.tell("u", "single-3", 3, None)
        self.tell("u", "single-1", 3, 600)
        self.tell("u", "single-2", 1, None)
        self.order("o1", "v", 3, None)
        self.order_of_guest("o2", "ada@example.com", 4, 2000)
        for key in NAMES[:made]:
            self.try_on("u", key)
        for key in NAMES[made : made + begun]:
            self.reserve("u", key)

    # What is sold and given

    @rule(shopper=SHOPPERS, name=LOTS, units=st.integers(1, 4), lifetime=LIFETIMES)
    def tell(self, shopper: str, name: str, units: int, lifetime: int | None) -> None:
        """Tell what a shopper has, or what it is by now."""
        now = self._pass_time()
        known = self.model.lots.get(f"shop:{name}")
        owner = known.owner if known and known.owner else shopper
        end = known.end if known else lifetime and now + lifetime
        kind = cast("Kind", name.partition("-")[0])
        paid = None if kind in ("allowance", "gift") or name == "single-2" else 100
        expires = datetime.fromtimestamp(end, UTC) if end else None
        grant = Grant(kind, "shop", name, units, paid=paid, expires_at=expires)
        event = self._name()

        def say() -> object:
            return self.shop.ledger.give(owner, grant, event_id=event)

        say()
        self.told.append(say)
        sale, line = self.model.payment(name), self.model.payment("none")
        self.model.tell(
            f"shop:{name}",
            ModelLot(
                f"shop:{name}", kind, self.calls, owner, units, paid, paid, sale, line, now, end
            ),
        )

    @rule(name=ORDERS, who=st.none() | SHOPPERS, units=st.integers(1, 4), lifetime=LIFETIMES)
    def order(
        self, name: str, who: str | None, units: int, lifetime: int | None, email: str = ""
    ) -> None:
        """Tell an order of two lines: who bought it, or a guest's address."""
        now = self._pass_time()
        known = self.model.lots.get(f"order:{name}/a")
        if known and known.owner:
            who = known.owner
        lines = [OrderLine("a", units, 100), OrderLine("b", 2, 60)]
        lasts = None if lifetime is None else timedelta(seconds=lifetime)
        if who is None:
            email = email or "ada@example.com"
            self.shop.ledger.order_paid(name, lines, email=email, lasts=lasts)
        else:
            self.shop.ledger.order_paid(name, lines, external_id=who, lasts=lasts)
        sale = self.model.payment(name)
        for line in lines:
            self.calls += 1
            lot = f"order:{name}/{line.id}"
            of_line, end = self.model.payment(f"{name}/{line.id}"), lifetime and now + lifetime
            told = ModelLot(
                lot, "order", self.calls, who, line.try_ons, line.paid, 160, sale, of_line, now, end
            )
            told.email = email
            if (before := self.model.lots.get(lot)) and before.owner is None:
                before.owner = who  # the shop knows by now who it was
                self._pass_time()
            self.model.tell(lot, told)

    @rule(name=ORDERS, email=EMAILS, units=st.integers(1, 4), lifetime=LIFETIMES)
    def order_of_guest(self, name: str, email: str, units: int, lifetime: int | None) -> None:
        """Tell an order of a guest; its address may have been corrected."""
        self.order(name, None, units, lifetime, email)

    @rule(shopper=SHOPPERS, email=EMAILS)
    def claim(self, shopper: str, email: str) -> None:
        """Verify that an address is a shopper's."""
        self._pass_time()
        self.shop.ledger.claim(shopper, email)
        self.model.claim(shopper, email)

    @rule(shopper=SHOPPERS, units=st.integers(1, 3), now=st.none() | st.integers(1, 4))
    def take_back(self, shopper: str, units: int, now: int | None) -> None:
        """Take back what was given, and perhaps tell the gift anew."""
        self._pass_time()
        event = self._name()

        def say() -> object:
            return self.shop.ledger.take_back(shopper, units, event_id=event)

        say()
        self.told.append(say)
        self.model.take_back(shopper, units)
        if now:
            self.tell(shopper, "gift-1", now, None)

    @rule(which=st.integers(0, 100))
    def repeat(self, which: int) -> None:
        """Tell something again that counted before."""
        self.told[which % len(self.told)]()

    # What is paid back

    @rule(sale=SALES, refunds=st.lists(st.integers(0, 170), min_size=1, max_size=3))
    def refund(self, sale: str, refunds: list[int]) -> None:
        """Tell how much was refunded so far, in any order, also before the sale."""
        self._pass_time()
        for refunded in refunds:
            self.shop.ledger.refunded(_source(sale), sale, refunded)
            payment = self.model.payment(sale)
            payment.refunded = max(payment.refunded, refunded)

    @rule(sale=SALES, outcomes=st.sampled_from(DISPUTES))
    def dispute(self, sale: str, outcomes: list[DisputeOutcome]) -> None:
        """Tell what became of a dispute, also before the sale."""
        for outcome in outcomes:
            self.shop.now += 1  # the newest counts
            self._pass_time()
            self.shop.ledger.disputed(_source(sale), sale, outcome)
            self.model.dispute(sale, outcome)

    # Try-ons

    @rule(shopper=SHOPPERS, key=KEYS)
    def reserve(self, shopper: str, key: str) -> None:
        """Reserve a try-on, perhaps under a key of somebody else's."""
        now = self._pass_time()
        expected = self.model.reserve(shopper, key, now)
        if expected is None:
            with pytest.raises(ForeignReservationError):
                self.shop.ledger.reserve(shopper, key)
        else:
            assert (self.shop.ledger.reserve(shopper, key) is not None) == expected

    @rule(key=KEYS)
    def commit(self, key: str) -> None:
        """A picture was made, in time or later."""
        self._pass_time()
        shopper = self._owner(key)
        assert self.shop.ledger.commit(shopper, key) == self.model.commit(shopper, key)

    @rule(shopper=SHOPPERS, key=KEYS)
    def try_on(self, shopper: str, key: str) -> None:
        """Reserve a try-on and make its picture."""
        self.reserve(shopper, key)
        self.commit(key)

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        """A try-on failed."""
        self._pass_time()
        assert self.shop.ledger.release(self._owner(key), key) == self.model.release(key)

    @rule(key=KEYS)
    def undo(self, key: str) -> None:
        """A picture was made that nobody got."""
        self._pass_time()
        assert self.shop.ledger.undo(self._owner(key), key) == self.model.undo(key)

    @rule(seconds=st.sampled_from([1, 400, 500, 2000]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.shop.now += seconds

    @rule(late=st.sampled_from([-1, 0]))
    def wait_for_an_end(self, late: int) -> None:
        """Let time pass to the second at which something ends or lapses, or that before it."""
        ends = [lot.end for lot in self.model.lots.values() if lot.end is not None]
        ends += [each.lapses_at for each in self.model.tryons.values() if each.state == "open"]
        self.shop.now = min(
            (end + late for end in ends if end + late > self.shop.now), default=self.shop.now
        )

    @precondition(lambda self: self.open_keys)
    @rule(
        which=st.integers(0, 5),
        late=st.sampled_from([-1, 0, 1]),
        ending=st.sampled_from(["made", "failed", "again"]),
    )
    def settle_late(self, which: int, late: int, ending: str) -> None:
        """A try-on ends at about the second at which it lapses."""
        key = self.open_keys[which % len(self.open_keys)]
        tryon = self.model.tryons[key]
        self.shop.now = max(self.shop.now, tryon.lapses_at + late)
        if ending == "made":
            self.commit(key)
        elif ending == "failed":
            self.release(key)
        else:
            self.reserve(tryon.shopper, key)

    @invariant()
    def agrees(self) -> None:
        """The ledger has what the model has, of each lot, and its sums are right."""
        if not hasattr(self, "shop"):
            return
        self._pass_time()
        for shopper in ("u", "v"):
            balance = self.shop.ledger.balance(shopper)
            assert balance.available == self.model.available(shopper)
            shown = {lot.source: (lot.available, lot.used, lot.reserved) for lot in balance.lots}
            for lot in self.model.of(shopper):
                if not lot.is_over and lot.room:
                    assert shown[lot.name] == (lot.available, lot.used, len(lot.reserved))
        self.shop.check()

    def teardown(self) -> None:
        """Close the database."""
        if hasattr(self, "shop"):
            self.shop.database.engine.dispose()

    @property
    def open_keys(self) -> list[str]:
        """The keys of the try-ons under way."""
        return [key for key, each in self.model.tryons.items() if each.state == "open"]

    def _owner(self, key: str) -> str:
        known = self.model.tryons.get(key)
        return known.shopper if known else "u"

    def _name(self) -> str:
        self.calls += 1
        return f"e{self.calls}"

    def _pass_time(self) -> float:
        self.model.pass_time(self.shop.now)
        return self.shop.now


def _source(sale: str) -> str:
    return "order" if sale.startswith(("o1", "o2")) else "shop"


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
