"""What a shopper has after sales, try-ons, refunds, disputes and the passing of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from genvoris_flask.core.ledger.events import EventConflictError
from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.reservations import ForeignReservationError
from tests.support.ledgers import DAY, START, LedgerFixture, new_ledger


@pytest.fixture
def shop() -> Iterator[LedgerFixture]:
    """Return an empty ledger; afterwards its sums must be right."""
    fixture = new_ledger("sqlite://")
    yield fixture
    fixture.check()
    fixture.database.engine.dispose()


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def lot(kind: Any = "gift", name: str = "1", units: int = 3, **fields: Any) -> Grant:
    return Grant(kind, "test", name, units, **fields)


def use(shop: LedgerFixture, key: str, shopper: str = "u") -> bool:
    return bool(shop.ledger.reserve(shopper, key)) and shop.ledger.commit(shopper, key)


def used(shop: LedgerFixture) -> dict[str, int]:
    return {each.source: each.used for each in shop.ledger.balance("u").lots}


def available(shop: LedgerFixture, shopper: str = "u") -> int:
    return shop.ledger.balance(shopper).available


class TestReservations:
    def test_picture_uses_one(self, shop: LedgerFixture) -> None:
        """A committed reservation is used for good."""
        shop.ledger.give("u", lot(units=2))
        assert use(shop, "a")
        assert available(shop) == 1

    def test_none_left(self, shop: LedgerFixture) -> None:
        """A shopper with nothing gets no reservation."""
        assert shop.ledger.reserve("u", "a") is None

    def test_failure_gives_it_back(self, shop: LedgerFixture) -> None:
        """A released reservation can be used for another try-on."""
        shop.ledger.give("u", lot(units=1))
        shop.ledger.reserve("u", "a")
        assert available(shop) == 0
        assert shop.ledger.release("u", "a")
        assert available(shop) == 1

    def test_same_key_is_the_same_reservation(self, shop: LedgerFixture) -> None:
        """A repeat reserves nothing more, also after the picture."""
        shop.ledger.give("u", lot(units=2))
        first = shop.ledger.reserve("u", "a")
        assert shop.ledger.reserve("u", "a") == first
        shop.ledger.commit("u", "a")
        again = shop.ledger.reserve("u", "a")
        assert again is not None
        assert again.state == "committed"
        assert shop.ledger.commit("u", "a")
        assert available(shop) == 1

    def test_failed_try_on_is_repeated_under_its_key(self, shop: LedgerFixture) -> None:
        """The second attempt reserves and counts once."""
        shop.ledger.give("u", lot(units=1))
        shop.ledger.reserve("u", "a")
        shop.ledger.release("u", "a")
        assert use(shop, "a")
        assert available(shop) == 0

    def test_releasing_twice_gives_back_once(self, shop: LedgerFixture) -> None:
        """A second release, and one after a commit, do nothing."""
        shop.ledger.give("u", lot(units=2))
        shop.ledger.reserve("u", "a")
        assert shop.ledger.release("u", "a")
        assert not shop.ledger.release("u", "a")
        use(shop, "b")
        assert not shop.ledger.release("u", "b")
        assert available(shop) == 1

    def test_forgotten_one_lapses(self, shop: LedgerFixture) -> None:
        """A reservation that nobody settled is free again after its time."""
        shop.ledger.give("u", lot(units=1))
        shop.ledger.reserve("u", "a")
        shop.now += 901
        assert shop.ledger.reserve("u", "b")

    def test_late_picture_counts_if_there_is_room(self, shop: LedgerFixture) -> None:
        """After its reservation has lapsed, a picture counts against what is left."""
        shop.ledger.give("u", lot(units=1))
        shop.ledger.reserve("u", "a")
        shop.now += 901
        shop.ledger.reserve("u", "b")
        assert not shop.ledger.commit("u", "a")
        shop.ledger.release("u", "b")
        assert shop.ledger.commit("u", "a")
        assert available(shop) == 0

    def test_commit_after_expiry(self, shop: LedgerFixture) -> None:
        """A try-on that was begun in time may end later."""
        shop.ledger.give("u", lot(units=2, expires_at=at(START + 100)))
        shop.ledger.reserve("u", "a")
        shop.now += 200
        assert shop.ledger.commit("u", "a")
        assert available(shop) == 0

    def test_release_after_expiry(self, shop: LedgerFixture) -> None:
        """A try-on that failed after its lot's end is not given back."""
        shop.ledger.give("u", lot(units=2, expires_at=at(START + 100)))
        shop.ledger.reserve("u", "a")
        shop.now += 200
        shop.ledger.release("u", "a")
        assert available(shop) == 0

    def test_picture_that_nobody_got(self, shop: LedgerFixture) -> None:
        """It is counted no longer, once, and may then be reserved again."""
        shop.ledger.give("u", lot(units=1))
        assert not shop.ledger.undo("u", "a")
        assert use(shop, "a")
        assert shop.ledger.undo("u", "a")
        assert not shop.ledger.undo("u", "a")
        assert available(shop) == 1
        assert use(shop, "a")
        assert available(shop) == 0

    @pytest.mark.parametrize("units", [1, 2])
    def test_picture_that_nobody_got_after_expiry(self, shop: LedgerFixture, units: int) -> None:
        """What comes back to a lot that has ended is not available any more."""
        shop.ledger.give("u", lot(units=units, expires_at=at(START + 100)))
        use(shop, "a")
        shop.now += 200
        assert shop.ledger.undo("u", "a")
        assert available(shop) == 0

    def test_key_of_another_shopper(self, shop: LedgerFixture) -> None:
        """A key cannot be taken over."""
        shop.ledger.give("u", lot())
        shop.ledger.give("v", lot(name="2"))
        shop.ledger.reserve("u", "a")
        with pytest.raises(ForeignReservationError):
            shop.ledger.reserve("v", "a")


class TestDrawingOrder:
    def test_kinds(self, shop: LedgerFixture) -> None:
        """Allowances go first, then gifts, orders and single try-ons."""
        for kind in ("single", "order", "gift", "allowance"):
            shop.ledger.give("u", lot(kind, kind, 1))
        order = []
        for number in range(4):
            before = used(shop)
            use(shop, str(number))
            order += [name for name, count in used(shop).items() if count > before[name]]
        assert order == ["test:allowance", "test:gift", "test:order", "test:single"]

    def test_free_before_paid(self, shop: LedgerFixture) -> None:
        """Of one kind, what was free goes first, even if it lasts longer."""
        shop.ledger.give("u", lot("allowance", "paid", 1, paid=500, expires_at=at(START + DAY)))
        shop.ledger.give("u", lot("allowance", "free", 1))
        use(shop, "a")
        assert used(shop) == {"test:free": 1, "test:paid": 0}

    def test_soonest_expiry_then_oldest(self, shop: LedgerFixture) -> None:
        """What ends first goes first; of two that do not end, the older."""
        for name, end in (("never", None), ("late", START + 9 * DAY), ("soon", START + DAY)):
            shop.ledger.give("u", lot(name=name, units=1, expires_at=end and at(end)))
        shop.ledger.give("u", lot(name="older", units=1, starts_at=at(START - DAY)))
        use(shop, "a")
        use(shop, "b")
        use(shop, "c")
        assert used(shop) == {"test:soon": 1, "test:late": 1, "test:older": 1, "test:never": 0}


class TestGrants:
    def test_events_count_once(self, shop: LedgerFixture) -> None:
        """A redelivered event changes nothing, also after a newer one."""
        shop.ledger.give("u", lot(units=5), event_id="a")
        shop.ledger.give("u", lot(units=8), event_id="b")
        shop.ledger.give("u", lot(units=5), event_id="a")
        assert available(shop) == 8

    def test_event_with_another_body(self, shop: LedgerFixture) -> None:
        """An event id that says something else is refused, and nothing changes."""
        shop.ledger.give("u", lot(units=5), event_id="a")
        with pytest.raises(EventConflictError, match="id of its own"):
            shop.ledger.give("u", lot(units=50), event_id="a")
        with pytest.raises(EventConflictError):
            shop.ledger.give("v", lot(units=5), event_id="a")
        assert available(shop) == 5

    def test_older_statement_is_ignored(self, shop: LedgerFixture) -> None:
        """Statements count by the time at which they were made, not by their arrival."""
        shop.ledger.give("u", lot(units=8, stated_at=at(START + 2)))
        shop.ledger.give("u", lot(units=5, stated_at=at(START + 1)))
        assert available(shop) == 8

    @pytest.mark.parametrize("units", [0, -1, 1_000_001])
    def test_impossible_numbers(self, shop: LedgerFixture, units: int) -> None:
        """Nothing, less than nothing and absurdly much are refused."""
        with pytest.raises(ValueError, match="try_ons must be 1 to 1,000,000"):
            shop.ledger.give("u", lot(units=units))

    @pytest.mark.parametrize("units", [1.5, "3", True, None])
    def test_no_whole_number(self, shop: LedgerFixture, units: Any) -> None:
        """Fractions and texts are refused."""
        with pytest.raises(TypeError, match="whole number"):
            shop.ledger.give("u", lot(units=units))

    @pytest.mark.parametrize("name", ["", "x" * 10_000])
    def test_impossible_ids(self, shop: LedgerFixture, name: str) -> None:
        """Empty ids and those that no index can hold are refused."""
        with pytest.raises(ValueError, match="external_id must have 1 to 255 characters"):
            shop.ledger.give(name, lot())
        with pytest.raises(ValueError, match="event_id must have 1 to 255 characters"):
            shop.ledger.give("u", lot(), event_id=name)

    def test_ends_in_the_past(self, shop: LedgerFixture) -> None:
        """A lot whose time is over gives nothing."""
        shop.ledger.give("u", lot(expires_at=at(START - 1)))
        assert available(shop) == 0
        assert shop.ledger.reserve("u", "a") is None

    def test_clock_that_jumps_back(self, shop: LedgerFixture) -> None:
        """What has expired stays expired."""
        shop.ledger.give("u", lot(expires_at=at(START + 10)))
        shop.now += 20
        shop.ledger.reserve("u", "a")
        shop.now -= 20
        assert shop.ledger.reserve("u", "b") is None

    def test_take_back(self, shop: LedgerFixture) -> None:
        """Gifts shrink from the newest; what is used stays used; orders are left alone."""
        shop.ledger.give("u", lot(name="1", units=2))
        shop.ledger.give("u", lot(name="2", units=2))
        shop.ledger.give("u", lot("order", "3", 1))
        use(shop, "a")
        shop.ledger.take_back("u", 3, event_id="t")
        shop.ledger.take_back("u", 3, event_id="t")
        assert available(shop) == 1
        assert shop.ledger.take_back("u", 9).available == 1


class TestBadInput:
    """Input that cannot be right is answered as docs/billing.md says, and changes nothing."""

    @pytest.mark.parametrize("amount", [1.5, "3", True])
    def test_amounts_are_whole(self, shop: LedgerFixture, amount: Any) -> None:
        """Money is a whole number of minor units."""
        with pytest.raises(TypeError, match="minor units"):
            shop.ledger.order_paid("o", [OrderLine("l", 3, amount)], external_id="u")
        with pytest.raises(TypeError, match="minor units"):
            shop.ledger.refunded("order", "o", amount)
        assert available(shop) == 0

    @pytest.mark.parametrize("amount", [-1, 10**30])
    def test_impossible_amounts(self, shop: LedgerFixture, amount: int) -> None:
        """Negative sums, and those that no column holds, are refused."""
        with pytest.raises(ValueError, match="minor units"):
            shop.ledger.order_paid("o", [OrderLine("l", 3, amount)], external_id="u")
        with pytest.raises(ValueError, match="paid back"):
            shop.ledger.refunded("order", "o", amount)
        assert available(shop) == 0

    def test_unknown_shopper(self, shop: LedgerFixture) -> None:
        """Somebody who has nothing has nothing; nothing of theirs can be settled or taken."""
        assert available(shop, "nobody") == 0
        assert not shop.ledger.commit("nobody", "k")
        assert not shop.ledger.release("nobody", "k")
        assert shop.ledger.take_back("nobody", 3).available == 0
        assert shop.ledger.refunded("order", "nothing", 5) == []

    @pytest.mark.parametrize("text", ["a\0b", "\ud800"])
    def test_no_text(self, shop: LedgerFixture, text: str) -> None:
        """Ids that some database cannot store are refused by all."""
        with pytest.raises(ValueError, match="not text"):
            shop.ledger.give(text, lot())

    def test_long_ids(self, shop: LedgerFixture) -> None:
        """Ids of 10,000 characters are refused; the longest ones allowed work."""
        lines = [OrderLine("l", 3)]
        for order, found in (("o" * 10_000, lines), ("o", [OrderLine("l" * 10_000, 3)])):
            with pytest.raises(ValueError, match="1 to 255 characters"):
                shop.ledger.order_paid(order, found, external_id="u")
        with pytest.raises(ValueError, match="1 to 255 characters"):
            shop.ledger.reserve("u", "k" * 10_000)
        shop.ledger.order_paid("o" * 253, lines, external_id="u")
        assert use(shop, "k" * 255)
        assert all(len(line.event) <= 255 for line in shop.ledger.journal("u"))

    @pytest.mark.parametrize("currency", ["", "EURO", "€"])
    def test_no_currency(self, shop: LedgerFixture, currency: str) -> None:
        """A currency is an ISO code."""
        with pytest.raises(ValueError, match="ISO code"):
            shop.ledger.order_paid("o", [OrderLine("l", 3)], external_id="u", currency=currency)

    def test_order_in_two_currencies(self, shop: LedgerFixture) -> None:
        """Told again in another currency, an order is one of that currency; its units stay."""
        for currency, paid in (("EUR", 1000), ("USD", 1200)):
            line = OrderLine("l", 10, paid)
            shop.ledger.order_paid("o", [line], external_id="u", currency=currency)
        assert available(shop) == 10
        shop.ledger.refunded("order", "o", 600)
        assert available(shop) == 5

    def test_two_lines_with_one_id(self, shop: LedgerFixture) -> None:
        """Lines of an order are told apart by their ids."""
        with pytest.raises(ValueError, match="same id"):
            shop.ledger.order_paid("o", [OrderLine("l", 3), OrderLine("l", 4)], external_id="u")

    def test_unknown_outcome(self, shop: LedgerFixture) -> None:
        """A dispute has three outcomes."""
        outcome: Any = "warning_closed"
        with pytest.raises(ValueError, match="opened, won or lost"):
            shop.ledger.disputed("order", "o", outcome)


class TestOrders:
    def test_order_edited(self, shop: LedgerFixture) -> None:
        """Telling an order again with other numbers corrects it, up and down and up."""
        for units in (5, 8, 5, 8):
            shop.ledger.order_paid("o", [OrderLine("l", units, 1000)], external_id="u")
            assert available(shop) == units

    def test_never_below_what_is_used(self, shop: LedgerFixture) -> None:
        """An order that shrinks takes nothing that is used or under way."""
        shop.ledger.order_paid("o", [OrderLine("l", 5)], external_id="u")
        use(shop, "a")
        shop.ledger.reserve("u", "b")
        shop.ledger.order_paid("o", [OrderLine("l", 1)], external_id="u")
        assert available(shop) == 0
        assert shop.ledger.commit("u", "b")

    @pytest.mark.parametrize(
        ("refunded", "left"), [(0, 10), (1, 10), (99, 10), (100, 9), (550, 5), (1000, 0), (5000, 0)]
    )
    def test_partial_refund(self, shop: LedgerFixture, refunded: int, left: int) -> None:
        """A refund takes its share, rounded down; one that is too large takes all."""
        shop.ledger.order_paid("o", [OrderLine("l", 10, 1000)], external_id="u")
        shop.ledger.refunded("order", "o", refunded)
        assert available(shop) == left

    def test_refunds_are_absolute(self, shop: LedgerFixture) -> None:
        """Partial refunds in any order and repetition end at the same place."""
        shop.ledger.order_paid("o", [OrderLine("l", 10, 1000)], external_id="u")
        for refunded in (300, 800, 300, 500, 800):
            shop.ledger.refunded("order", "o", refunded)
        assert available(shop) == 2

    def test_refund_before_its_order(self, shop: LedgerFixture) -> None:
        """A refund waits for its order."""
        shop.ledger.refunded("order", "o", 500)
        shop.ledger.order_paid("o", [OrderLine("l", 10, 1000)], external_id="u")
        assert available(shop) == 5

    def test_refund_of_a_line(self, shop: LedgerFixture) -> None:
        """A line's refund takes that line's try-ons, and the order's includes it."""
        lines = [OrderLine("a", 4, 400), OrderLine("b", 6, 600)]
        shop.ledger.order_paid("o", lines, external_id="u")
        shop.ledger.refunded("order", "o/a", 400)
        assert available(shop) == 6
        shop.ledger.refunded("order", "o", 500, paid=1000)
        assert available(shop) == 3

    @pytest.mark.parametrize("whole", [None, 1000, 2000])
    def test_refund_of_an_order_of_lines(self, shop: LedgerFixture, whole: int | None) -> None:
        """A refund takes its share of each line: of what was paid for the whole order."""
        lines = [OrderLine("a", 4, 400), OrderLine("b", 6, 600)]
        shop.ledger.order_paid("o", lines, external_id="u", paid=whole)
        shop.ledger.refunded("order", "o", 500)
        assert available(shop) == (8 if whole == 2000 else 5)

    def test_refund_of_lines_without_amounts(self, shop: LedgerFixture) -> None:
        """What was paid for the order is enough to know a refund's share, also once edited."""
        shop.ledger.refunded("order", "o", 500)
        lines = [OrderLine("a", 4), OrderLine("b", 6)]
        shop.ledger.order_paid("o", lines, email="a@b.c", paid=1000)
        shop.ledger.claim("u", "a@b.c")
        assert available(shop) == 5
        shop.ledger.order_paid("o", [*lines, OrderLine("c", 10)], external_id="u", paid=2000)
        assert available(shop) == 3 + 5 + 8

    def test_used_ones_stay_used(self, shop: LedgerFixture) -> None:
        """A refund takes what is not used, and what is under way if it fails."""
        shop.ledger.order_paid("o", [OrderLine("l", 3, 300)], external_id="u")
        use(shop, "a")
        shop.ledger.reserve("u", "b")
        shop.ledger.refunded("order", "o", 300)
        assert available(shop) == 0
        shop.ledger.release("u", "b")
        assert available(shop) == 0

    def test_refund_of_another_currency(self, shop: LedgerFixture) -> None:
        """The provider's own ratio counts."""
        shop.ledger.order_paid("o", [OrderLine("l", 10, 1000)], external_id="u", currency="EUR")
        shop.ledger.refunded("order", "o", 600, paid=1200)
        assert available(shop) == 5

    def test_negative_refund(self, shop: LedgerFixture) -> None:
        """A refund is a sum that was paid back."""
        with pytest.raises(ValueError, match="paid back"):
            shop.ledger.refunded("order", "o", -1)

    def test_guest_order_is_claimed(self, shop: LedgerFixture) -> None:
        """A guest's order waits for whoever has verified its address, once."""
        shop.ledger.order_paid("o", [OrderLine("l", 5)], email="Ada@Example.com ")
        shop.ledger.order_paid("o", [OrderLine("l", 5)], email="ada@example.com")
        assert len(shop.ledger.claim("u", "ada@example.com")) == 1
        assert shop.ledger.claim("v", "ada@example.com") == []
        assert (available(shop), available(shop, "v")) == (5, 0)

    def test_clock_of_a_guest_order_starts_with_it(self, shop: LedgerFixture) -> None:
        """A claim after the order's end gives nothing."""
        shop.ledger.order_paid("o", [OrderLine("l", 5)], email="a@b.c", expires_at=at(START + DAY))
        shop.now += 2 * DAY
        shop.ledger.claim("u", "a@b.c")
        assert available(shop) == 0

    def test_guest_order_edited(self, shop: LedgerFixture) -> None:
        """It is corrected while it waits, its address too, and after its claim."""
        for units, email in [(5, "adda@b.c"), (2, "adda@b.c"), (4, "ada@b.c"), (4, "ada@b.c")]:
            shop.ledger.order_paid("o", [OrderLine("l", units)], email=email)
            shop.check()
        assert shop.ledger.claim("v", "adda@b.c") == []
        shop.ledger.claim("u", "ada@b.c")
        assert available(shop) == 4
        use(shop, "a")
        shop.ledger.order_paid("o", [OrderLine("l", 7)], email="ada@b.c")
        assert available(shop) == 6

    def test_guest_order_refunded_before_its_claim(self, shop: LedgerFixture) -> None:
        """The claim gives what the refund has left."""
        shop.ledger.order_paid("o", [OrderLine("l", 10, 1000)], email="a@b.c")
        shop.ledger.refunded("order", "o", 500)
        shop.ledger.claim("u", "a@b.c")
        assert available(shop) == 5


class TestDisputes:
    def order(self, shop: LedgerFixture) -> None:
        shop.ledger.order_paid("o", [OrderLine("l", 3, 300)], external_id="u")

    def test_opened_holds(self, shop: LedgerFixture) -> None:
        """While a payment is disputed its try-ons are held; won frees them."""
        self.order(shop)
        shop.ledger.disputed("order", "o", "opened")
        assert (available(shop), shop.ledger.balance("u").held) == (0, 3)
        shop.ledger.disputed("order", "o", "won")
        assert available(shop) == 3

    def test_lost_voids_once(self, shop: LedgerFixture) -> None:
        """A lost dispute takes all, with or without a refund, and for good."""
        self.order(shop)
        shop.ledger.disputed("order", "o", "lost")
        shop.ledger.refunded("order", "o", 300)
        shop.ledger.disputed("order", "o", "won", at=at(START + 5))
        assert available(shop) == 0

    def test_before_its_order(self, shop: LedgerFixture) -> None:
        """A dispute waits for its order."""
        shop.ledger.disputed("order", "o", "opened")
        self.order(shop)
        assert available(shop) == 0

    def test_order_of_delivery(self, shop: LedgerFixture) -> None:
        """The newest state counts, whenever it arrives."""
        self.order(shop)
        shop.ledger.disputed("order", "o", "won", at=at(START + 2))
        shop.ledger.disputed("order", "o", "opened", at=at(START + 1))
        assert available(shop) == 3


class TestJournal:
    def test_tells_what_happened(self, shop: LedgerFixture) -> None:
        """The journal has a line for each change, the newest first."""
        shop.ledger.give("u", lot(units=2), event_id="sale")
        use(shop, "a")
        lines = shop.ledger.journal("u")
        assert [line.kind for line in lines] == ["commit", "reserve", "grant"]
        assert lines[-1].event == "sale"
        assert lines[-1].lot == "test:1"

    def test_balance_names_the_next_expiry(self, shop: LedgerFixture) -> None:
        """The balance says how many end next, and when."""
        shop.ledger.give("u", lot(name="1", units=2, expires_at=at(START + DAY)))
        shop.ledger.give("u", lot(name="2", units=1))
        balance = shop.ledger.balance("u")
        assert (balance.available, balance.expiring) == (3, 2)
        assert balance.next_expiry == at(START + DAY)
