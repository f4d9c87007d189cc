"""Whole lives of shoppers at Stripe, shuffled, doubled and broken off, against a plain model.

The model is told what happens in order, and knows nothing of events. Each life is made from a
seed, so that one that fails can be run again alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import Death, is_change
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, StripeShop, beginning

SIZES = {"pro": 5, "max": 50, "free": 1}
SOCKS = "price_of_socks"
LIVES = 80  # of each kind, or a part of them


@dataclass
class Payment:
    """Money that came: for a month of a subscription, or for a single plan."""

    of: Stripe
    month: int | None
    is_refunded: bool = False
    dispute: str | None = None

    @property
    def is_lost(self) -> bool:
        return self.is_refunded or self.dispute == "lost"


@dataclass
class Purchase:
    """A subscription, or a single payment."""

    stripe: Stripe
    is_subscription: bool
    price: str
    born: int
    sold_at: int
    paid: Payment
    state: str = "active"
    months: int = 1

    @property
    def standing(self) -> str:
        if self.state == "ended" or self.price not in SIZES:
            return "over"
        if self.paid.is_lost:
            return "lost"
        return "held" if self.paid.dispute == "open" or self.state == "paused" else "active"


@dataclass
class Model:
    """What a shopper should have."""

    default_plan: str | None
    purchases: list[Purchase] = field(default_factory=list)
    sales: int = 0

    def best(self, buyer: str, standing: str) -> Purchase | None:
        """Return what counts of one buyer's purchases."""
        own = [each for each in self.purchases if each.stripe.customer == buyer]
        there = [each for each in own if each.standing == standing]
        last = max(
            (each.sold_at for each in own if each.is_subscription and each.standing != "lost"),
            default=-1,
        )
        singles = [each for each in there if not each.is_subscription and each.sold_at > last]
        if singles:
            return max(singles, key=lambda each: each.sold_at)
        subscriptions = [each for each in there if each.is_subscription]
        return max(subscriptions, key=lambda each: each.born, default=None)

    def end(self) -> set[tuple[str, str | None]]:
        """Return how the shopper may stand at the end."""
        buyers = {each.stripe.customer for each in self.purchases}
        for standing, status in (("active", "ACTIVE"), ("held", "PAUSED")):
            found = [best for each in buyers if (best := self.best(each, standing))]
            if found:
                best = max(found, key=lambda each: (SIZES[each.price], -each.sold_at))
                return {(status, f"pln_{best.price}" if status == "ACTIVE" else None)}
        # Who was never heard of while they had something is not registered at all.
        if self.default_plan:
            return {("ACTIVE", self.default_plan), ("NONE", None)}
        if any(each.standing == "over" for each in self.purchases):
            return {("CANCELLED", None), ("NONE", None)}
        return {("ACTIVE", None), ("NONE", None)}


class Life:
    """Makes a life from a seed: what happens is told the model, and Stripe's events are kept."""

    def __init__(self, seed: int, basil: bool, default_plan: str | None) -> None:
        self.random = random.Random(f"{seed} {basil}")
        self.basil = basil
        self.now = 0
        self.model = Model(default_plan)
        self.events: list[Event] = []
        self.customer = Stripe(basil).customer
        self.payments: list[Payment] = []
        self.subscribe()
        for _ in range(self.random.randint(2, 9)):
            self.random.choice(self.steps())()

    def steps(self) -> list[Callable[[], None]]:
        common = [self.renew, self.reprice, self.refund, self.dispute, self.decide]
        rare = [self.buy, self.pause_or_resume, self.stop, self.refund_in_part]
        subscriptions = [each for each in self.model.purchases if each.is_subscription]
        return [*common, *common, *rare, *([self.subscribe] if len(subscriptions) < 2 else [])]

    def tick(self) -> int:
        self.now += self.random.randint(1, 40)
        return self.now

    def stripe(self) -> Stripe:
        made = Stripe(self.basil, born=self.now)
        if self.random.random() < 0.8:
            made.customer = self.customer
        return made

    def subscribe(self) -> None:
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max"])
        self.events += beginning(stripe, price, at)
        if self.basil:
            self.events.append(stripe.invoice_payment(0, at=at + 3))
        self.now += 5
        payment = Payment(stripe, 0)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, True, price, at, at + 2, payment))
        self.model.sales += 1

    def buy(self) -> None:
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max", "free"])
        self.events.append(stripe.one_off(metadata={"genvoris_price_id": price}, at=at))
        payment = Payment(stripe, None)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, False, price, at, at, payment))
        self.model.sales += 1

    def living(self) -> Purchase | None:
        found = [
            each for each in self.model.purchases if each.is_subscription and each.state != "ended"
        ]
        return self.random.choice(found) if found else None

    def renew(self) -> None:
        each = self.living()
        if each is None or each.state == "paused":
            return
        at, month = self.tick(), each.months
        each.months += 1
        self.events.append(each.stripe.paid(month=month, price=each.price, at=at))
        if self.basil:
            self.events.append(each.stripe.invoice_payment(month, at=at))
        if each.price in SIZES:
            each.paid, each.sold_at = Payment(each.stripe, month), at
            self.payments.append(each.paid)
            self.model.sales += 1

    def reprice(self) -> None:
        each = self.living()
        if each is None:
            return
        at, was = self.tick(), each.price
        each.price = self.random.choice([name for name in ("pro", "max", SOCKS) if name != was])
        if each.price in SIZES:
            each.sold_at = at
        self.say(each, "updated", at, was=was)

    def pause_or_resume(self) -> None:
        each = self.living()
        if each is None:
            return
        each.state = "active" if each.state == "paused" else "paused"
        self.say(each, "updated", self.tick())

    def stop(self) -> None:
        each = self.living()
        if each is not None:
            each.state = "ended"
            self.say(each, "deleted", self.tick())

    def say(self, each: Purchase, kind: str, at: int, was: str | None = None) -> None:
        status = {"active": "active", "paused": "paused", "ended": "canceled"}[each.state]
        self.events.append(each.stripe.change(kind, each.price, status, at=at, was=was))

    def refund(self) -> None:
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            payment.is_refunded = True
            self.events.append(payment.of.refunded(payment.month, at=self.tick()))

    def refund_in_part(self) -> None:
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            at = self.tick()
            self.events.append(payment.of.refunded(payment.month, whole=False, at=at))

    def dispute(self) -> None:
        payment = self.random.choice(self.payments)
        at = self.tick()
        if payment.dispute is None and self.random.random() < 0.3:
            inquiry = payment.of.disputed(
                "created", "warning_needs_response", payment.month, at, id=f"dp_inquiry_{at}"
            )
            self.events.append(inquiry)
        elif payment.dispute is None:
            payment.dispute = "open"
            self.events.append(payment.of.disputed(month=payment.month, at=at))

    def decide(self) -> None:
        open_ones = [each for each in self.payments if each.dispute == "open"]
        if open_ones:
            payment = self.random.choice(open_ones)
            payment.dispute = self.random.choice(["won", "lost"])
            month, at = payment.month, self.tick()
            self.events.append(payment.of.disputed("closed", payment.dispute, month, at))

    def deliveries(self) -> list[Event]:
        """Return the events as they may come: some twice, in any order."""
        doubled = self.random.sample(self.events, self.random.randint(0, len(self.events)))
        shuffled = [*self.events, *doubled]
        self.random.shuffle(shuffled)
        return shuffled


def strike_at_random(shop: StripeShop, life: Life) -> None:
    """Let the process die now and then, at a record or around a call to Genvoris."""
    chance = life.random.choice([0.01, 0.05])

    def maybe_die(*_: object) -> None:
        if life.random.random() < chance:
            raise Death

    def at_change(request: httpx.Request) -> None:
        if is_change(request):
            maybe_die()

    shop.store.at_write = maybe_die
    shop.genvoris.before = shop.genvoris.after = at_change


def check(shop: StripeShop, life: Life) -> None:
    assert shop.standing in life.model.end()
    assert shop.fills <= life.model.sales, "no sale fills twice"
    if shop.standing[0] != "NONE":
        assert shop.fills >= 1
    shop.take(*life.events)
    assert shop.standing in life.model.end(), "a repeat changes nothing"


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_a_life_in_order(basil: bool, default_plan: str | None) -> None:
    """Each life ends as the model says when Stripe delivers in order."""
    for seed in range(LIVES // 5):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.take_as_stripe_delivers(*life.events)
        check(shop, life)


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_a_life_shuffled_and_doubled(basil: bool, default_plan: str | None) -> None:
    """Each life ends as the model says in any order, and whatever comes twice."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.take_as_stripe_delivers(*life.deliveries())
        check(shop, life)


@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_a_life_with_deaths(basil: bool) -> None:
    """Each life ends as the model says though processes die, and others go on before them."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, None)
        shop = StripeShop()
        strike_at_random(shop, life)
        broken = []
        for event in [*life.deliveries(), *life.deliveries()]:
            try:
                shop.take(event)
            except (Death, GenvorisError):
                broken.append(event)
        shop.store.heal()
        shop.genvoris.heal()
        life.random.shuffle(broken)
        shop.take_as_stripe_delivers(*broken)
        check(shop, life)
