"""A shop that sells by Stripe with a ledger, in one process and in memory."""

from __future__ import annotations

from typing import Any

from genvoris_flask.core.billing.plan_catalog import PlanService
from genvoris_flask.core.billing.plans import declared_plans
from genvoris_flask.core.billing.stripe.events import StripeEvents
from genvoris_flask.core.billing.stripe.repository import StripeRepository
from genvoris_flask.core.ledger.allowances import DEFAULT_POLICY, Policy
from genvoris_flask.core.ledger.service import Ledger
from genvoris_flask.core.ledger.stripe import LotSales, Singles
from genvoris_flask.core.storage.memory_store import MemoryStore
from tests.support.ledgers import LedgerFixture, new_ledger
from tests.support.stripe_payloads import T0
from tests.support.stripe_shop import FakeLookup, StripeReceiver

PLANS = [
    {"name": "Pro", "monthly_try_ons": 5, "price_ids": ["pro", "pro_yearly"]},
    {"name": "Max", "monthly_try_ons": 50, "external_price_id": "max"},
    {"name": "Free", "monthly_try_ons": 1, "external_price_id": "free"},
]


class NoGenvoris:
    """Fails every request: what is sold must not depend on Genvoris."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"Genvoris was asked for {name}")


class StripeLedgerShop(StripeReceiver):
    """A shop with a ledger that sells the plans Pro, Max and Free.

    Args:
        policy: What the shop decides about subscriptions.
        url: The database; one in memory by default.
        former: The records from when the shop had no ledger.
    """

    def __init__(
        self,
        policy: Policy = DEFAULT_POLICY,
        url: str = "sqlite://",
        former: StripeRepository | None = None,
    ) -> None:
        self.former = former
        self.fixture: LedgerFixture = new_ledger(url)
        self.fixture.now = T0 + 10.0
        self.fixture.ledger = Ledger(
            self.fixture.database,
            clock=lambda: self.fixture.now,
            secrets=lambda: [b"secret"],
            policy=policy,
        )
        self.lookup = FakeLookup()
        self.shoppers: dict[str, str] = {}
        self.asked: list[bool] = []
        self.sell(PLANS)

    def sell(self, plans: list[dict[str, Any]]) -> None:
        """Sell these plans from now on."""
        client: Any = NoGenvoris()
        service = PlanService(client, MemoryStore(), declared_plans("PLANS", plans), None)
        singles = Singles({"price_one": 1, "price_five": 5})
        self.sales = LotSales(self.ledger, service.sold, singles, self.former)
        self.events = StripeEvents(self.sales, self.shopper_of, self.lookup)

    @property
    def ledger(self) -> Ledger:
        """The shoppers' try-ons."""
        return self.fixture.ledger

    def shopper_of(self, customer: str) -> str | None:
        """Return the shop's id of a Stripe customer, and note if a transaction was open."""
        self.asked.append(self.fixture.is_in_transaction)
        return self.shoppers.get(customer)

    def at(self, seconds: float) -> None:
        """Set the clock to so many seconds after T0."""
        self.fixture.now = T0 + seconds

    def available(self, shopper: str = "ada") -> int:
        """Return how many try-ons a shopper has."""
        return self.ledger.balance(shopper).available

    def use(self, count: int, shopper: str = "ada") -> None:
        """Make some try-ons."""
        start = len(self.ledger.journal(shopper, limit=10_000))
        for number in range(count):
            key = f"{shopper}-{start}-{number}"
            assert self.ledger.reserve(shopper, key)
            assert self.ledger.commit(shopper, key)
