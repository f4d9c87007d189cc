"""A shop that sells by Stripe, in one process, against a small Genvoris."""

from __future__ import annotations

from typing import Any

from genvoris_flask.core.billing.plans import DeclaredPlan
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.core.billing.stripe.events import StripeEvents
from genvoris_flask.core.billing.stripe.lookup import NoLookup
from genvoris_flask.core.billing.stripe.payloads import Item, Line
from genvoris_flask.core.billing.stripe.plan_sales import PlanSales
from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import FakeTokens, FaultyStore, Killed
from tests.support.fake_genvoris import Clock
from tests.support.quota_server import QuotaServer
from tests.support.stripe_payloads import Stripe

Event = dict[str, Any]


class FakeLookup(NoLookup):
    """Answers for Stripe's API with what a test has set."""

    def __init__(self) -> None:
        self.prices: list[str] = []
        self.invoices: dict[str, str] = {}
        self.items: dict[str, list[Item]] = {}
        self.lines: dict[str, list[Line]] = {}

    def items_of_checkout(self, session_id: str) -> list[Item]:
        """Return the items from ``items``, or those of ``prices``."""
        return self.items.get(session_id) or [Item(price) for price in self.prices]

    def items_of_subscription(self, subscription: str) -> list[Item]:
        """Return the items from ``items``, or raise as without a key."""
        return self.items.get(subscription) or super().items_of_subscription(subscription)

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return the lines from ``lines``, or raise as without a key."""
        return self.lines.get(invoice) or super().lines_of_invoice(invoice)

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice from ``invoices``."""
        return self.invoices.get(intent)


class StripeReceiver:
    """Receives Stripe's events, in whatever regime ``events`` is for."""

    events: StripeEvents

    def apply(self, *events: Event) -> list[str]:
        """Apply events in this order; return their outcomes."""
        return [self.events.apply(event) for event in events]

    def deliver(self, *events: Event) -> None:
        """Deliver events as Stripe does: in this order, and again at the end if they failed."""
        waiting = list(events)
        for _ in range(6):
            failed = []
            for event in waiting:
                try:
                    self.events.apply(event)
                except (GenvorisError, Killed):
                    failed.append(event)
            waiting = failed
        assert waiting == []


class StripeShop(StripeReceiver):
    """A shop that sells the plans ``pro``, ``max`` and ``free``.

    Args:
        default_plan: GENVORIS_DEFAULT_PLAN.
        clock: The clock of the store and of billing.
        options: For ``StripeEvents``.
    """

    def __init__(
        self, default_plan: str | None = None, clock: Clock | None = None, **options: Any
    ) -> None:
        self.genvoris = QuotaServer("pro", "max", "free")
        self.genvoris.plans[1]["monthlyTryOns"] = 50
        self.genvoris.plans[2]["monthlyTryOns"] = 1
        self.lookup = FakeLookup()
        self.shoppers: dict[str, str] = {}
        self.clock = clock or Clock()
        self.store = FaultyStore(self.clock)
        self.billing = Billing(
            self.genvoris.client,
            self.store,
            FakeTokens(),
            lambda *_: None,
            declared=[DeclaredPlan("Soon", 1, "soon")],
            default_plan=default_plan,
            clock=self.clock,
        )
        self.default_plan = default_plan
        self.options = options
        self.restart()

    def restart(self) -> None:
        """Start a new process with the same store."""
        self.events = StripeEvents(
            PlanSales(self.billing, self.store, self.default_plan, clock=self.clock),
            self.shoppers.get,
            self.lookup,
            **self.options,
        )

    @property
    def fills(self) -> int:
        """The number of times that Ada's quota was filled."""
        return self.genvoris.fills.get("ada", 0)

    @property
    def plan(self) -> str | None:
        """Ada's plan at Genvoris."""
        plan: str | None = self.genvoris.customers["ada"]["planId"]
        return plan

    @property
    def status(self) -> str:
        """Ada's status at Genvoris."""
        return str(self.genvoris.customers["ada"]["status"])

    @property
    def account(self) -> tuple[str, str | None]:
        """Ada's status, and her plan while she is active; ``NONE`` if she is unknown."""
        if "ada" not in self.genvoris.customers:
            return "NONE", None
        return (self.status, self.plan if self.status == "ACTIVE" else None)


def start_events(stripe: Stripe, price: str = "pro", at: int = 0) -> list[Event]:
    """Return the events of a new subscription, in order."""
    return [
        stripe.change("created", price, status="incomplete", at=at),
        stripe.change("updated", price, status="active", at=at + 2),
        stripe.paid("subscription_create", month=0, price=price, at=at + 2),
        stripe.checkout(at=at + 4),
    ]
