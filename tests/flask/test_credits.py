"""Credits: what an order brings, and the word before they end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genvoris_flask import ConfigurationError, Order, OrderItem, OrderLine
from genvoris_flask.core.charging.credits import read_credits
from genvoris_flask.signals import credits_expiring
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

DAY = 24 * 3600
ITEMS = [OrderItem("a", 2, paid=2000), OrderItem("b", 1, paid=1000)]


def two_for_each_ten(order: Order) -> int:
    return (order.paid or 0) // 500


def shop_with(genvoris: LocalGenvoris, folder: Path, **config: Any) -> Shop:
    return ledger_shop(genvoris, folder, GENVORIS_CHARGING="credits", **config)


def billing(shop: Shop) -> Any:
    return shop.extension.billing


def available(shop: Shop) -> int:
    with shop.app.app_context():
        found: int = billing(shop).balance("ada").available
        return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(4, 4), ("4", 4), ({"per_order": 4}, 4), ({"per_item": 2}, 6), (two_for_each_ten, 6)],
)
def test_rules(genvoris: LocalGenvoris, tmp_path: Path, rule: Any, expected: int) -> None:
    """An order brings what the shop's rule says, unless the call says it."""
    shop = shop_with(genvoris, tmp_path, GENVORIS_CREDITS=rule)
    with shop.app.app_context():
        for _each in range(2):
            billing(shop).order_paid("o1", external_id="ada", items=ITEMS, paid=3000)
        assert available(shop) == expected
        billing(shop).order_paid("o2", external_id="ada", try_ons=1)
        billing(shop).order_paid("o3", external_id="ada", lines=[OrderLine("a", 1)])
    assert available(shop) == expected + 2


def test_refund_of_a_line(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Where each item brings try-ons, the refund of a line takes those of that line."""
    shop = shop_with(genvoris, tmp_path, GENVORIS_CREDITS={"per_item": 2})
    with shop.app.app_context():
        billing(shop).order_paid("o1", external_id="ada", items=ITEMS)
        billing(shop).order_refunded("o1", line_id="a", refunded=1000)
    assert available(shop) == 4


def test_edited_order(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """An order that is told again with more brings the difference."""
    shop = shop_with(genvoris, tmp_path)
    with shop.app.app_context():
        for count in (2, 5, 5):
            billing(shop).order_paid("o1", external_id="ada", try_ons=count)
    assert available(shop) == 5


@pytest.mark.parametrize("who", [{"external_id": "ada"}, {"email": "ada@example.com"}])
def test_told_again_later(genvoris: LocalGenvoris, tmp_path: Path, who: dict[str, str]) -> None:
    """The time of credits runs from when an order or a gift was first told, however often it is."""
    shop = shop_with(genvoris, tmp_path, GENVORIS_CREDIT_DAYS=10)
    with shop.app.app_context():
        for count in (2, 2, 3):
            billing(shop).order_paid("o1", **who, try_ons=count)
            billing(shop).grant("ada", 4, event_id="gift")
            shop.genvoris.clock.now += 3 * DAY
        billing(shop).claim("ada", "ada@example.com")
        assert available(shop) == 7
        shop.genvoris.clock.now += DAY
        billing(shop).order_paid("o1", **who, try_ons=9)
        assert available(shop) == 0


@pytest.mark.parametrize("rule", [None, {"per_item": 1}, lambda _order: "many"])
def test_nothing_to_go_by(genvoris: LocalGenvoris, tmp_path: Path, rule: Any) -> None:
    """An order whose try-ons nobody knows is an error, rather than none."""
    shop = shop_with(genvoris, tmp_path, GENVORIS_CREDITS=rule)
    with shop.app.app_context(), pytest.raises(TypeError, match="GENVORIS_CREDITS"):
        billing(shop).order_paid("o1", external_id="ada")


@pytest.mark.parametrize("rule", [0, True, -1, 1.5, "many", {"per_order": 0}, {"per_day": 1}, {}])
def test_wrong_rule(rule: Any) -> None:
    """A wrong rule stops start-up."""
    with pytest.raises(ConfigurationError, match="GENVORIS_CREDITS"):
        read_credits("GENVORIS_CREDITS", rule)


@pytest.mark.parametrize("seconds", [1e18, float("inf"), float("nan"), "7", True])
def test_impossible_times(genvoris: LocalGenvoris, tmp_path: Path, seconds: Any) -> None:
    """A time that nobody can mean is refused in words, and gives nothing."""
    shop = shop_with(genvoris, tmp_path)
    with shop.app.app_context(), pytest.raises((TypeError, ValueError), match="expires_in must be"):
        billing(shop).grant("ada", 1, expires_in=seconds)
    assert available(shop) == 0


class TestExpiry:
    @pytest.fixture
    def shop(self, genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
        """Return a shop where an order brought two try-ons for 30 days."""
        shop = shop_with(genvoris, tmp_path, GENVORIS_CREDITS=2, GENVORIS_CREDIT_DAYS=30)
        with shop.app.app_context():
            billing(shop).order_paid("o1", external_id="ada")
        return shop

    def look(self, shop: Shop) -> None:
        assert shop.browser.get("/genvoris/status").status_code == 200

    def test_week_and_day(self, shop: Shop) -> None:
        """The word comes once at seven days and once at one, when the shopper looks."""
        found: list[tuple[str, int, int]] = []

        def receive(_app: Any, notice: Any) -> None:
            found.append((notice.external_id, notice.try_ons, notice.days))

        with credits_expiring.connected_to(receive, shop.app):
            for day, expected in ((0, 0), (22.9, 0), (23, 1), (28, 1), (29, 2), (29.5, 2), (30, 2)):
                shop.genvoris.clock.now = 1_700_000_000 + day * DAY
                for _each in range(2):
                    self.look(shop)
                assert len(found) == expected, day
        assert found == [("ada", 2, 7), ("ada", 2, 1)]

    def test_command(self, shop: Shop) -> None:
        """The command tells those who do not look, and nobody twice."""
        shop.genvoris.clock.now += 29.5 * DAY
        first = run_command(shop.app, "expiring").output
        assert first.split("\n")[1].split()[:3] == ["ada", "order:o1/order", "2"]
        assert "Nothing new" in run_command(shop.app, "expiring").output

    def test_used_or_short(self, shop: Shop) -> None:
        """Nothing is said of what is used up, or was sold for less time."""
        for _each in range(2):
            shop.finish(shop.tryon())
        shop.genvoris.clock.now += 25 * DAY
        with shop.app.app_context():
            billing(shop).grant("ada", 1, expires_in=3 * DAY)
        assert "Nothing new" in run_command(shop.app, "expiring").output

    def test_failing_receiver(self, shop: Shop) -> None:
        """A receiver that fails breaks nothing."""

        def fail(_app: Any, **_: Any) -> None:
            raise RuntimeError("no mail today")

        shop.genvoris.clock.now += 25 * DAY
        with credits_expiring.connected_to(fail, shop.app):
            self.look(shop)
