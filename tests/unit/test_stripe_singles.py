"""Stripe's single payments as lots of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genvoris_flask.core.billing.stripe.payloads import Item
from genvoris_flask.errors import GenvorisError
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import T0, Stripe

HOUR = 3600


@pytest.fixture
def shop() -> Iterator[StripeLedgerShop]:
    """Return a shop with an empty ledger; afterwards its sums must be right."""
    made = StripeLedgerShop()
    yield made
    made.fixture.check()


@pytest.fixture(params=[True, False], ids=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    return Stripe(request.param)


class TestSales:
    def test_checkout(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A paid session is a lot of what its metadata says, for a day."""
        assert shop.apply(stripe.bought(at=4), stripe.bought(at=5)) == ["applied", "applied"]
        (lot,) = shop.ledger.balance("ada").lots
        assert (lot.kind, lot.granted) == ("single", 5)
        assert lot.expires_at is not None
        assert lot.expires_at.timestamp() == T0 + 4 + 24 * HOUR
        shop.at(4 + 24 * HOUR)
        assert shop.available() == 0

    def test_session_and_its_payment(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Both report the same sale, in either order."""
        shop.deliver(stripe.intent_paid(), stripe.bought())
        other = Stripe()
        shop.deliver(other.bought("ben"), other.intent_paid("ben"))
        assert (shop.available("ada"), shop.available("ben")) == (5, 5)

    def test_two_sales(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Two payments before the first is used are both there."""
        shop.deliver(stripe.bought(try_ons=1), Stripe().bought(try_ons=1))
        assert shop.available() == 2

    def test_paid_later(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A payment that takes days brings nothing before it has succeeded."""
        unpaid = stripe.bought(payment_status="unpaid")
        failed = {**unpaid, "type": "checkout.session.async_payment_failed", "id": "evt_f"}
        assert shop.apply(unpaid, failed) == ["ignored", "ignored"]
        assert shop.available() == 0
        paid = stripe.bought(at=9)
        paid["type"] = "checkout.session.async_payment_succeeded"
        shop.deliver(paid)
        assert shop.available() == 5

    def test_for_nothing(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """With a coupon for all of it there is no payment, and a sale all the same."""
        shop.deliver(
            stripe.bought(payment_status="no_payment_required", payment_intent=None, amount_total=0)
        )
        assert shop.available() == 5

    def test_payment_link(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """What a session sold is found by its prices, with their quantities, on all pages."""
        socks = [Item(f"socks_{number}") for number in range(100)]
        shop.lookup.items[stripe.session] = [*socks, Item("price_five", 2), Item("price_one")]
        shop.deliver(stripe.one_off())
        assert shop.available() == 11
        assert not any(shop.asked), "nobody is asked while a transaction is open"

    def test_other_things(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Payments for other things are none of our business."""
        shop.lookup.items[stripe.session] = [Item("socks")]
        events = [stripe.one_off(), stripe.intent_paid(metadata={}), stripe.refunded(None)]
        assert shop.apply(*events) == ["ignored"] * 3

    @pytest.mark.parametrize("number", ["", "0", "-5", "1.5", "five", "\u0665", "9" * 30])
    def test_strange_metadata(self, shop: StripeLedgerShop, stripe: Stripe, number: str) -> None:
        """Metadata that is no number of try-ons sells none."""
        metadata = {"genvoris_external_id": "ada", "genvoris_try_ons": number}
        assert shop.apply(stripe.intent_paid(metadata=metadata)) == ["ignored"]

    def test_unknown_buyer(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Nobody knows whose it is: Stripe delivers it again, until somebody does."""
        nameless = stripe.bought(reference=None, metadata={"genvoris_try_ons": "5"})
        with pytest.raises(GenvorisError):
            shop.apply(nameless)


class TestReversals:
    def test_partial_refunds(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Refunds are sums, whichever comes first and however often."""
        shop.deliver(stripe.bought(try_ons=9))
        two = stripe.refunded(None, whole=False, amount_refunded=200)
        five = stripe.refunded(None, whole=False, amount_refunded=500)
        shop.deliver(five, two, five)
        assert shop.available() == 4
        shop.deliver(stripe.refunded(None))
        assert shop.available() == 0

    def test_refund_before_the_sale(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A refund that is delivered first waits for what it takes back."""
        shop.deliver(stripe.refunded(None, whole=False))
        shop.deliver(stripe.bought(try_ons=3))
        assert shop.available() == 2

    def test_used_before_the_refund(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """What is used stays used."""
        shop.deliver(stripe.bought())
        shop.use(4)
        shop.deliver(stripe.refunded(None))
        assert shop.available() == 0

    def test_dispute(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A dispute holds, a won one frees, a lost one voids; an inquiry does nothing."""
        shop.deliver(stripe.bought())
        shop.deliver(stripe.disputed(status="warning_needs_response", month=None, id="dp_w"))
        assert shop.available() == 5
        shop.deliver(stripe.disputed(month=None, at=60))
        assert shop.ledger.balance("ada").held == 5
        shop.deliver(stripe.disputed("closed", "won", month=None, at=70))
        assert shop.available() == 5
        shop.deliver(stripe.disputed(month=None, at=80, id="dp_2"))
        shop.deliver(stripe.disputed("closed", "lost", month=None, at=90, id="dp_2"))
        assert shop.available() == 0
