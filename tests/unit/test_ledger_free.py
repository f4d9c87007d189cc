"""Free try-ons: how many, from when, and once for each verified address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from genvoris_flask.core.ledger.free import FreeAllowance
from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import OrderLine
from tests.support.ledgers import DAY, LedgerFixture, new_ledger

ADA = "ada@example.com"


@pytest.fixture
def shop() -> Iterator[LedgerFixture]:
    """Return a ledger that gives two free try-ons; afterwards its sums must be right."""
    fixture = new_ledger("sqlite://", free=FreeAllowance(2))
    yield fixture
    fixture.check()
    fixture.database.engine.dispose()


def use(shop: LedgerFixture, key: str, shopper: str = "u", email: str | None = ADA) -> bool:
    reserved = shop.ledger.reserve(shopper, key, verified_email=email)
    return bool(reserved) and shop.ledger.commit(shopper, key)


def available(shop: LedgerFixture, shopper: str = "u", email: str | None = ADA) -> int:
    return shop.ledger.balance(shopper, verified_email=email).available


def test_offered_before_the_first(shop: LedgerFixture) -> None:
    """Looking begins no period: it begins with the first try-on."""
    assert available(shop) == 2
    shop.now += 40 * DAY
    assert use(shop, "a")
    (lot,) = shop.ledger.balance("u", verified_email=ADA).lots
    assert lot.expires_at == datetime.fromtimestamp(shop.now + 30 * DAY, UTC)
    assert available(shop) == 1


def test_next_period(shop: LedgerFixture) -> None:
    """What is left does not roll over, and 30 days after the first try-on there are as many."""
    use(shop, "a")
    shop.now += 30 * DAY - 1
    assert available(shop) == 1
    shop.now += 1
    assert available(shop) == 2
    assert [use(shop, key) for key in "bcd"] == [True, True, False]


@pytest.mark.parametrize(
    ("email", "other"),
    [
        (ADA, " Ada@Example.COM"),
        (ADA, "ada@\U0001d404xample.com"),  # a capital of mathematics
        (ADA, "\U0001d400da@example\u3002com."),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@fa\u00df.example", "ada@xn--fa-hia.example"),
    ],
)
def test_spelling_of_an_address(shop: LedgerFixture, email: str, other: str) -> None:
    """Spellings that lead to one mailbox are one address, and bring one free period."""
    assert [use(shop, key, "u", email) for key in "ab"] == [True, True]
    assert not use(shop, "c", "v", other)


@pytest.mark.parametrize(
    ("email", "other"),
    [
        ("ada@fass.example", "ada@fa\u00df.example"),
        ("ada@fass.example", "ada@fas.example"),
        ("ada@fass.example", "ada@fass.example.de"),
        # Persian, with and without the character that keeps two letters from being joined.
        (
            "ada@\u0646\u0627\u0645\u0647\u0627\u06cc.example",
            "ada@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example",
        ),
    ],
)
def test_similar_address(shop: LedgerFixture, email: str, other: str) -> None:
    """A guest's order is for its own address only: anybody may register a similar domain."""
    shop.ledger.order_paid("o", [OrderLine("l", 5)], email=email)
    assert available(shop, "u", other) == 2
    assert available(shop, "v", email) == 7


def test_endless_address(shop: LedgerFixture) -> None:
    """It is no address, and takes no time to speak of: encoding this one would take hours."""
    letters = "".join(chr(0x4E00 + 7919 * number % 20_000) for number in range(200_000))
    shop.ledger.order_paid("o", [OrderLine("l", 5)], email=f"ada@{letters}")
    assert available(shop, "u", f"ada@{letters}") == 7


def test_replaced_secret(shop: LedgerFixture) -> None:
    """A new secret is no second free period, and orders of guests still find their owner."""
    shop.ledger.order_paid("o", [OrderLine("l", 5)], email=ADA)
    assert use(shop, "a", "other")
    shop.secrets = [b"new", b"secret"]
    assert shop.ledger.balance("other", verified_email=ADA).available == 1 + 5
    assert available(shop) == 0
    shop.now += 31 * DAY
    assert [use(shop, key) for key in "bcd"] == [True, True, False]


@pytest.mark.parametrize("email", [None, ""])
def test_unverified_address(shop: LedgerFixture, email: str | None) -> None:
    """Nobody gets free try-ons without an address that the shop has verified."""
    assert available(shop, email=email) == 0
    assert not use(shop, "a", email=email)


def test_second_account_with_the_address(shop: LedgerFixture) -> None:
    """An address has one period, whoever began it, however it is spelt."""
    use(shop, "a")
    assert available(shop, "v", " Ada@Example.com ") == 0
    assert not use(shop, "b", "v", "ADA@example.com")
    assert not use(shop, "b", "v", "ada@\uff45xample.com")
    assert not use(shop, "b", "v", "ada@example.com.")
    shop.now += 30 * DAY
    assert use(shop, "c", "v")
    assert available(shop, "u") == 0


def test_second_address_of_the_account(shop: LedgerFixture) -> None:
    """A shopper who changes their address gets nothing more in the same period."""
    use(shop, "a")
    use(shop, "b")
    assert available(shop, email="other@example.com") == 0
    assert not use(shop, "c", email="other@example.com")


def test_failed_first_try_on(shop: LedgerFixture) -> None:
    """It begins the period and is given back."""
    shop.ledger.reserve("u", "a", verified_email=ADA)
    shop.ledger.release("u", "a")
    assert available(shop) == 2


def test_buying_in_mid_period(shop: LedgerFixture) -> None:
    """What was bought is whole, and when it ends, what was left of the free ones is there."""
    use(shop, "a")
    until = datetime.fromtimestamp(shop.now + 10 * DAY, UTC)
    shop.ledger.give(
        "u", Grant("allowance", "stripe", "sub/1", 100, paid=900, currency="EUR", expires_at=until)
    )
    assert available(shop) == 101
    shop.now += 10 * DAY
    assert available(shop) == 1


def test_no_period_while_subscribed(shop: LedgerFixture) -> None:
    """While an allowance that was paid for lasts, no free period begins beside it."""
    shop.ledger.give("u", Grant("allowance", "stripe", "sub/1", 1, paid=900, currency="EUR"))
    assert available(shop) == 1
    assert use(shop, "a")
    assert available(shop) == 2


def test_free_before_paid(shop: LedgerFixture) -> None:
    """Single try-ons are left alone while there are free ones."""
    shop.ledger.give("u", Grant("single", "order", "1", 1, paid=99, currency="EUR"))
    use(shop, "a")
    use(shop, "b")
    assert [lot.kind for lot in shop.ledger.balance("u").lots if lot.available] == ["single"]


def test_repeat_begins_nothing(shop: LedgerFixture) -> None:
    """The same try-on, told again after its period, is still the one that was counted."""
    use(shop, "a")
    shop.now += 31 * DAY
    again = shop.ledger.reserve("u", "a", verified_email=ADA)
    assert again is not None
    assert again.state == "committed"
    assert available(shop) == 2


def test_orders_of_guests(shop: LedgerFixture) -> None:
    """What was ordered under an address is its owner's as soon as the shop has verified it."""
    shop.ledger.order_paid("o1", [OrderLine("1", 5)], email=ADA)
    assert available(shop, email=None) == 0
    assert available(shop) == 7
    shop.ledger.order_paid("o2", [OrderLine("1", 5)], email=ADA)
    assert use(shop, "a")
    assert available(shop, email=None) == 11
