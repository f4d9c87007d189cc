"""Subscriptions that the shop reports itself, without a payment provider."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from genvoris_flask.core.ledger.allowances import Policy, add_months, months
from genvoris_flask.core.ledger.events import EventConflictError
from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.service import Ledger
from genvoris_flask.errors import UnknownSubscriptionError
from tests.support.ledgers import DAY, START, LedgerFixture, new_ledger


@pytest.fixture
def shop() -> Iterator[LedgerFixture]:
    """Return an empty ledger; afterwards its sums must be right."""
    fixture = new_ledger("sqlite://")
    yield fixture
    fixture.check()
    fixture.database.engine.dispose()


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def available(shop: LedgerFixture) -> int:
    return shop.ledger.balance("u").available


def use(shop: LedgerFixture, count: int) -> None:
    for _ in range(count):
        key = f"k{len(shop.ledger.journal('u', limit=9999))}"
        assert shop.ledger.reserve("u", key)
        assert shop.ledger.commit("u", key)


def activate(shop: LedgerFixture, units: int = 100, event_id: str | None = "a") -> None:
    shop.ledger.start_period("activate", "u", units, event_id=event_id)


def renew(shop: LedgerFixture, event_id: str | None = "r", units: int | None = None) -> None:
    shop.ledger.start_period("renew", "u", units, event_id=event_id)


class TestPeriods:
    def test_month(self, shop: LedgerFixture) -> None:
        """A sale brings one month, and nothing comes after it by itself."""
        activate(shop)
        use(shop, 2)
        assert available(shop) == 98
        shop.now += 31 * DAY
        assert available(shop) == 0

    def test_subscriber_buys_one(self, shop: LedgerFixture) -> None:
        """A subscriber of 100 who has used 2 and buys a single one has 99, and keeps the plan."""
        activate(shop)
        use(shop, 2)
        shop.ledger.order_paid("o", [OrderLine("l", 1, 99)], external_id="u", kind="single")
        assert available(shop) == 99
        renew(shop)
        assert available(shop) == 101

    def test_gift_does_not_come_again(self, shop: LedgerFixture) -> None:
        """Of five that were given, all of which are used, none is left, whatever time passes."""
        shop.ledger.give("u", Grant("gift", "grant", "g", 5))
        use(shop, 5)
        for _month in range(3):
            shop.now += 31 * DAY
            assert available(shop) == 0
            assert shop.ledger.reserve("u", "one more") is None

    def test_gift_and_renewal(self, shop: LedgerFixture) -> None:
        """A renewal brings a fresh month, and what was given stays given once."""
        activate(shop)
        use(shop, 2)
        shop.ledger.give("u", Grant("gift", "grant", "g", 5))
        assert available(shop) == 103
        shop.now += 31 * DAY
        renew(shop)
        assert available(shop) == 105
        use(shop, 101)
        shop.now += 31 * DAY
        renew(shop, "r2")
        assert available(shop) == 104

    def test_repeats(self, shop: LedgerFixture) -> None:
        """An event counts once, and an id that is used for another sale changes nothing."""
        for _ in range(2):
            activate(shop)
        with pytest.raises(EventConflictError):
            activate(shop, 50)
        assert available(shop) == 100

    def test_same_event_for_two_calls(self, shop: LedgerFixture) -> None:
        """Each call and each shopper has event ids of its own."""
        activate(shop, event_id="e")
        renew(shop, "e")
        shop.ledger.start_period("activate", "v", 3, event_id="e")
        assert (available(shop), shop.ledger.balance("v").available) == (100, 3)

    def test_renewal_at_month_ends(self, shop: LedgerFixture) -> None:
        """Months that begin on the 31st end on the last day of shorter ones, and on the 31st."""
        shop.now = at(2027, 1, 31, 9).timestamp()
        activate(shop)
        ends = []
        for number in range(4):
            end = shop.ledger.balance("u").next_expiry
            assert end is not None
            ends.append((end.month, end.day, end.hour))
            shop.now = end.timestamp() + 3600
            renew(shop, f"r{number}")
        assert ends == [(2, 28, 9), (3, 31, 9), (4, 30, 9), (5, 31, 9)]

    def test_early_and_late_renewals(self, shop: LedgerFixture) -> None:
        """A renewal before the end loses no day, and one long after it begins anew."""
        shop.now = at(2027, 3, 10).timestamp()
        activate(shop)
        shop.now = at(2027, 4, 8).timestamp()
        renew(shop)
        assert shop.ledger.balance("u").next_expiry == at(2027, 5, 10)
        shop.now = at(2027, 6, 20).timestamp()
        renew(shop, "r2")
        assert shop.ledger.balance("u").next_expiry == at(2027, 7, 20)

    def test_year(self, shop: LedgerFixture) -> None:
        """A longer time that was paid for is a lot for each month."""
        shop.now = at(2027, 1, 31).timestamp()
        shop.ledger.start_period("activate", "u", 10, event_id="a", until=at(2028, 1, 31))
        use(shop, 4)
        shop.now = at(2027, 2, 28, 1).timestamp()
        assert available(shop) == 10
        shop.now = at(2028, 1, 30).timestamp()
        assert available(shop) == 10
        shop.now = at(2028, 1, 31).timestamp()
        assert available(shop) == 0

    def test_end_in_the_past(self, shop: LedgerFixture) -> None:
        """A period that has ended is a mistake."""
        with pytest.raises(ValueError, match="in the past"):
            shop.ledger.start_period("activate", "u", 10, until=at(2020, 1, 1))

    @pytest.mark.parametrize("until", [datetime(2030, 1, 1), 1_900_000_000, "2030-01-01"])  # noqa: DTZ001
    def test_end_without_a_time_zone(self, shop: LedgerFixture, until: Any) -> None:
        """When a period ends must be clear, wherever the server is."""
        with pytest.raises(TypeError, match="time zone"):
            shop.ledger.start_period("activate", "u", 10, until=until)
        assert available(shop) == 0

    @pytest.mark.parametrize("units", [0, -1, 10**7])
    def test_units(self, shop: LedgerFixture, units: int) -> None:
        """A plan has at least one try-on a month."""
        with pytest.raises(ValueError, match="monthly_try_ons"):
            activate(shop, units)

    def test_long_ids(self, shop: LedgerFixture) -> None:
        """Ids up to 255 characters are told apart, and longer ones are refused."""
        for tail in "xy":
            activate(shop, event_id="e" * 254 + tail)
        assert len(shop.ledger.journal("u")) > 2
        with pytest.raises(ValueError, match="255"):
            shop.ledger.start_period("activate", "u" * 10_000, 3)

    def test_clock_that_jumps_back(self, shop: LedgerFixture) -> None:
        """A clock that is set back gives nothing twice."""
        activate(shop)
        use(shop, 99)
        shop.now -= 5 * DAY
        renew(shop)
        assert available(shop) <= 101

    @pytest.mark.parametrize("back", [60, 5 * DAY, 400 * DAY])
    def test_renewal_by_a_clock_that_is_behind(self, shop: LedgerFixture, back: float) -> None:
        """A renewal whose clock is behind the sale's begins at once, and lasts its whole month."""
        activate(shop)
        use(shop, 30)
        shop.now -= back
        renew(shop)
        assert available(shop) == 100
        end = shop.ledger.balance("u").next_expiry
        assert end is not None
        shop.now = end.timestamp() - 1
        assert (available(shop), end.timestamp() - START > 27 * DAY - back) == (100, True)
        shop.now += 1
        assert available(shop) == 0

    def test_change_by_a_clock_that_is_behind(self, shop: LedgerFixture) -> None:
        """A larger plan counts although the clock is behind the one by which the period began."""
        activate(shop)
        use(shop, 30)
        shop.now -= 2
        shop.ledger.change_plan("u", 150, event_id="c")
        assert available(shop) == 120


class TestChanges:
    def test_roll_over(self, shop: LedgerFixture) -> None:
        """With GENVORIS_ROLL_OVER, what is left can be used in the next month too."""
        shop.ledger.policy = Policy(rolls_over=True)
        activate(shop)
        use(shop, 60)
        shop.now += 29 * DAY
        renew(shop)
        assert available(shop) == 140
        shop.now += 32 * DAY
        renew(shop, "r2")
        assert available(shop) == 200, "40 of the first month have ended"

    def test_plan_of_renewals(self, shop: LedgerFixture) -> None:
        """A renewal without a plan is for the plan that the shopper has by then."""
        activate(shop, 5)
        shop.ledger.change_plan("u", 50, event_id="c")
        assert available(shop) == 50
        shop.ledger.change_plan("u", 20, event_id="d")
        assert available(shop) == 50
        shop.now += 31 * DAY
        renew(shop)
        assert available(shop) == 20

    def test_states(self, shop: LedgerFixture) -> None:
        """A pause holds, and resuming or selling again releases."""
        activate(shop)
        for call, state, left in (
            ("pause", "paused", 0),
            ("resume", "active", 100),
            ("cancel", "ended", 0),
        ):
            shop.ledger.set_state(call, "u", state, event_id="e")  # type: ignore[arg-type]
            assert available(shop) == left
        activate(shop, 5, "b")
        assert available(shop) == 5

    def test_refunds(self, shop: LedgerFixture) -> None:
        """A refund takes back its sale alone, and also if it comes before it."""
        activate(shop)
        use(shop, 1)
        shop.ledger.refund_sale("u", "a", event_id="f")
        assert available(shop) == 0
        shop.ledger.refund_sale("u", "b")
        activate(shop, 7, "b")
        assert available(shop) == 0
        activate(shop, 8, "c")
        shop.ledger.refund_sale("u", "a")
        assert available(shop) == 8
        shop.ledger.refund_sale("u", None)
        assert available(shop) == 0

    def test_without_a_subscription(self, shop: LedgerFixture) -> None:
        """Calls that change something say that there is nothing to change."""
        for call in (
            lambda: renew(shop),
            lambda: shop.ledger.change_plan("u", 5),
            lambda: shop.ledger.set_state("pause", "u", "paused"),
            lambda: shop.ledger.refund_sale("u", None),
        ):
            with pytest.raises(UnknownSubscriptionError, match="activate"):
                call()


class TestTransactions:
    def test_with_the_shop(self, shop: LedgerFixture) -> None:
        """A sale in the shop's own transaction is undone with it."""
        with shop.database.engine.connect() as connection:
            connection.execute(text("CREATE TABLE orders (id INTEGER)"))
            connection.commit()
            shop.ledger.start_period("activate", "u", 9, event_id="a", connection=connection)
            connection.rollback()
            assert available(shop) == 0
            shop.ledger.start_period("activate", "u", 9, event_id="a", connection=connection)
            connection.commit()
        assert available(shop) == 9

    def test_closed(self, shop: LedgerFixture) -> None:
        """The next owner of an id inherits nothing, and can buy."""
        activate(shop)
        shop.ledger.give("u", Grant("gift", "grant", "g", 5))
        for _ in range(2):
            shop.ledger.close("u", event_id="x")
        activate(shop)
        assert available(shop) == 0
        activate(shop, 4, "new")
        shop.ledger.close("u", event_id="x")
        assert available(shop) == 4


def test_months() -> None:
    """A year from the last day of January has twelve months without gaps."""
    found = list(months(at(2028, 1, 31, 10), at(2029, 1, 31, 10)))
    assert [end.day for _, end in found] == [29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]
    assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(found))
    assert list(months(at(2027, 2, 1), at(2027, 3, 2))) == [(at(2027, 2, 1), at(2027, 3, 2))]
    assert add_months(at(2027, 12, 31), 2) == at(2028, 2, 29)


def test_policy_is_the_ledgers(shop: LedgerFixture) -> None:
    """A smaller plan counts at once if the shop says so."""
    shop.ledger = Ledger(
        shop.database,
        clock=lambda: shop.now,
        secrets=lambda: [b"secret"],
        policy=Policy(lowers_at_once=True),
    )
    activate(shop)
    use(shop, 3)
    shop.ledger.change_plan("u", 2)
    assert available(shop) == 0
