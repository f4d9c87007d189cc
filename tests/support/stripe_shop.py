"""A shop that sells by Stripe, in one process, with a Genvoris of a few lines."""

from __future__ import annotations

import inspect
from typing import Any

from genvoris_flask.core.billing.plans import DeclaredPlan
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.core.billing.stripe.events import StripeEvents
from genvoris_flask.core.billing.stripe.lookup import NoLookup
from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import Death, FragileStore, Tokens
from tests.support.fake_genvoris import Clock
from tests.support.quota_server import QuotaServer
from tests.support.stripe_payloads import Stripe

Event = dict[str, Any]


class Told(NoLookup):
    """Stands for Stripe's API, where a test fills it."""

    def __init__(self) -> None:
        self.prices: list[str] = []
        self.invoices: dict[str, str] = {}

    def prices_of_checkout(self, _session_id: str) -> list[str]:
        """Return what the test says was bought."""
        return self.prices

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that the test says was paid."""
        return self.invoices.get(intent)


class StripeShop:
    """A shop that sells the plans ``pro``, ``max`` and ``free``.

    Args:
        default_plan: GENVORIS_DEFAULT_PLAN.
        clock: What the store and the shop go by.
        options: For ``StripeEvents``.
    """

    def __init__(
        self, default_plan: str | None = None, clock: Clock | None = None, **options: Any
    ) -> None:
        self.genvoris = QuotaServer("pro", "max", "free")
        self.genvoris.plans[1]["monthlyTryOns"] = 50
        self.genvoris.plans[2]["monthlyTryOns"] = 1
        self.lookup = Told()
        self.known: dict[str, str] = {}
        self.clock = clock or Clock()
        self.store = FragileStore(self.clock)
        takes_clock = "clock" in inspect.signature(Billing).parameters
        self.billing = Billing(
            self.genvoris.client,
            self.store,
            Tokens(),
            lambda *_: None,
            declared=[DeclaredPlan("Soon", 1, "soon")],
            default_plan=default_plan,
            **({"clock": self.clock} if takes_clock else {}),
        )
        self.options = {"default_plan": default_plan, **options}
        self.restart()

    def restart(self) -> None:
        """Begin a new process on the same store."""
        self.events = StripeEvents(
            self.billing,
            self.store,
            lambda each: self.known.get(each),
            self.lookup,
            **self.options,
        )

    def take(self, *events: Event) -> list[str]:
        """Apply events in this order; return what came of each."""
        return [self.events.apply(event) for event in events]

    def take_as_stripe_delivers(self, *events: Event) -> None:
        """Deliver in this order; what fails comes again at the end."""
        waiting = list(events)
        for _ in range(6):
            failed = []
            for event in waiting:
                try:
                    self.events.apply(event)
                except (GenvorisError, Death):
                    failed.append(event)
            waiting = failed
        assert waiting == []

    @property
    def fills(self) -> int:
        """How often Ada's quota was filled."""
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
    def standing(self) -> tuple[str, str | None]:
        """Ada's status, and her plan while she may try on; a stranger has neither."""
        if "ada" not in self.genvoris.customers:
            return "NONE", None
        return (self.status, self.plan if self.status == "ACTIVE" else None)


def beginning(stripe: Stripe, price: str = "pro", at: int = 0) -> list[Event]:
    """Return what Stripe says of a new subscription, as it happens."""
    return [
        stripe.change("created", price, status="incomplete", at=at),
        stripe.change("updated", price, status="active", at=at + 2),
        stripe.paid("subscription_create", month=0, price=price, at=at + 2),
        stripe.checkout(at=at + 4),
    ]
