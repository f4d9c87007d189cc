"""Subscribers at Stripe move from plans at Genvoris into the ledger, and renew there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from genvoris_flask.core.billing.stripe.repository import StripeRepository
from genvoris_flask.core.ledger.plan_move import LedgerMove, PlanBalance
from genvoris_flask.core.ledger.stripe_move import StripeMove
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import Event, StripeShop, start_events

DAY = 24 * 3600


class MovingShop:
    """A shop with plans at Genvoris, and the one with a ledger that it becomes."""

    def __init__(self) -> None:
        self.plans = StripeShop()
        former = StripeRepository(self.plans.store)
        self.ledger = StripeLedgerShop(former=former)
        catalog = self.plans.billing.plans.catalog
        self.mover = StripeMove(self.ledger.ledger, self.ledger.sales, former, catalog)

    def move(self, days: int, used: int = 2, **changes: Any) -> LedgerMove:
        """Move Ada on a day after T0, with what Genvoris says of her."""
        start = T0 + 60 + changes.pop("month", 0) * MONTH
        plan = PlanBalance(
            external_id="ada",
            customer_id="ec_ada",
            **{
                "plan_id": "pln_pro",
                "kind": "subscription",
                "units": 5,
                "used": used,
                "starts_at": datetime.fromtimestamp(start, UTC),
                "ends_at": datetime.fromtimestamp(start + MONTH, UTC),
                "monthly": 5,
                **changes,
            },
        )
        self.ledger.at(days * DAY)
        return self.mover.move_in(plan)


@pytest.fixture
def shop() -> Iterator[MovingShop]:
    """Return a shop that moves; afterwards the ledger's sums must be right."""
    made = MovingShop()
    yield made
    made.ledger.fixture.check()


def begin(stripe: Stripe) -> list[Event]:
    """Return the events of a new subscription, with that of its payment."""
    return [*start_events(stripe), stripe.invoice_payment(0)]


@pytest.mark.parametrize("basil", [True, False])
def test_running_month(shop: MovingShop, basil: bool) -> None:
    """What is left lasts until Stripe's period ends, and the next invoice brings the next month."""
    stripe = Stripe(basil)
    shop.plans.deliver(*begin(stripe))
    assert shop.move(10).after == 3
    shop.ledger.at(MONTH + 5)
    assert shop.ledger.available() == 0
    renewal = stripe.paid(month=1, at=MONTH)  # whose shopper only the former records know
    shop.ledger.deliver(renewal, renewal)
    assert shop.ledger.available() == 5
    shop.ledger.at(2 * MONTH + 1)
    assert shop.ledger.available() == 0


def test_old_events_again(shop: MovingShop) -> None:
    """Events from before the move change nothing when Stripe delivers them again."""
    stripe = Stripe()
    events = begin(stripe)
    shop.plans.deliver(*events)
    shop.move(10)
    shop.ledger.deliver(*events, *events)
    assert shop.ledger.available() == 3


def test_moved_twice(shop: MovingShop) -> None:
    """A shopper is moved once."""
    shop.plans.deliver(*begin(Stripe()))
    assert shop.move(10).is_new
    assert not shop.move(11, used=0).is_new
    assert shop.ledger.available() == 3


def test_refund_of_a_former_payment(shop: MovingShop) -> None:
    """A refund of what was paid before the move takes back its share of what was moved."""
    stripe = Stripe()
    shop.plans.deliver(*begin(stripe))
    shop.move(10, used=0)
    shop.ledger.deliver(stripe.refunded(whole=False))
    assert shop.ledger.available() == 4
    shop.ledger.deliver(stripe.refunded())
    assert shop.ledger.available() == 0


def test_disputed(shop: MovingShop) -> None:
    """A dispute from before the move holds what was moved until it is decided."""
    stripe = Stripe()
    shop.plans.deliver(*begin(stripe), stripe.disputed())
    assert shop.move(10, is_paused=True).held == 3
    shop.ledger.deliver(stripe.disputed("closed", "won", at=90))
    assert shop.ledger.available() == 3


def test_paused_by_the_shop(shop: MovingShop) -> None:
    """What the shop paused stays so until it says otherwise."""
    shop.plans.deliver(*begin(Stripe()))
    assert shop.move(10, is_paused=True).held == 3
    shop.ledger.ledger.set_state("resume", "ada", "active")
    assert shop.ledger.available() == 3


@pytest.mark.parametrize("rolled", [True, False])
def test_between_two_months(shop: MovingShop, rolled: bool) -> None:
    """What was used since Genvoris began the month by itself counts against its invoice."""
    stripe = Stripe()
    shop.plans.deliver(*begin(stripe))
    shop.move(31, used=1, month=1 if rolled else 0)
    shop.ledger.deliver(stripe.paid(month=1, at=31 * DAY))
    assert shop.ledger.available() == (4 if rolled else 5)


def test_overdue(shop: MovingShop) -> None:
    """Whoever has not paid gets nothing until they do."""
    stripe = Stripe()
    overdue = stripe.change(status="past_due", at=MONTH + 60)
    shop.plans.deliver(*begin(stripe), overdue)
    assert shop.move(34, is_paused=True, month=1) == LedgerMove(True, 0, 0, 0, None)
    shop.ledger.deliver(stripe.paid(month=1, at=35 * DAY))
    assert shop.ledger.available() == 5


def test_granted_beside_a_subscription(shop: MovingShop) -> None:
    """What was granted on top of a subscription stays when its month ends."""
    stripe = Stripe()
    shop.plans.deliver(*begin(stripe))
    assert shop.move(10, kind="gift", plan_id="pln_granted", units=8, monthly=8).after == 6
    shop.ledger.at(MONTH + 5)
    assert shop.ledger.available() == 3


def test_larger_plan_by_hand(shop: MovingShop) -> None:
    """A plan that the shop sold itself is moved beside what was paid for at Stripe."""
    shop.plans.deliver(*begin(Stripe()))
    assert shop.move(10, plan_id="pln_max", units=50, monthly=50).after == 48 + 5


def test_single_payment(shop: MovingShop) -> None:
    """What was paid for once is there once, and a refund finds it."""
    stripe = Stripe()
    shop.plans.lookup.prices = ["pro"]
    shop.plans.deliver(stripe.one_off())
    assert shop.move(10).after == 3
    shop.ledger.at(400 * DAY)
    assert shop.ledger.available() == 3
    shop.ledger.deliver(stripe.refunded(month=None))
    assert shop.ledger.available() == 0


def test_ended(shop: MovingShop) -> None:
    """A subscription that has ended gives nothing, beside the plan of new shoppers."""
    stripe = Stripe()
    shop.plans.deliver(*begin(stripe), stripe.change("deleted", status="canceled", at=9))
    assert shop.move(10, kind="free", plan_id="pln_free", units=1, monthly=1, used=0).after == 1
