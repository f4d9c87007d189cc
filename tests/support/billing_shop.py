"""A shop in one process with a billing system of its own, and faults to inject."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import httpx

from genvoris_flask.core.billing.service import Billing
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import StoreUnavailableError
from tests.support.quota_server import QuotaServer


class FakeTokens:
    """Records whose token was dropped and whose was replaced."""

    def __init__(self) -> None:
        self.replaced: list[str] = []
        self.forgotten: list[str] = []

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id unchanged: there is no prefix."""
        return shopper.external_id

    customer_id = external_id

    def replace(self, shopper: Shopper) -> None:
        """Record that a token was replaced."""
        self.replaced.append(shopper.external_id)

    def forget(self, shopper: Shopper) -> None:
        """Record that a token was dropped."""
        self.forgotten.append(shopper.external_id)


class Killed(BaseException):
    """The process was killed here."""


class FaultyStore(MemoryStore):
    """A store with faults to inject.

    Attributes:
        at_write: Called with key and value before each write; may raise.
        is_away: Whether reads fail.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        super().__init__(*(() if clock is None else (clock,)))
        self.at_write: Callable[[str, bytes], None] = lambda _key, _value: None
        self.is_away = False

    def get(self, key: str) -> bytes | None:
        """Return a value, unless the store is away."""
        if self.is_away:
            raise StoreUnavailableError("Redis does not answer.")
        return super().get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Write a value after calling ``at_write``."""
        self.at_write(key, value)
        super().set(key, value, seconds)

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Add a value after calling ``at_write``."""
        self.at_write(key, value)
        return super().add(key, value, seconds)

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Replace a value after calling ``at_write``."""
        self.at_write(key, value)
        return super().replace(key, value, seconds, expected=expected)

    def clear_faults(self) -> None:
        """Inject no more faults."""
        self.at_write, self.is_away = lambda _key, _value: None, False


class Fault(Enum):
    """What may interrupt an event: around a request to Genvoris, or at the record after it."""

    KILLED_BEFORE = "killed before the request"
    KILLED_AFTER = "killed after the request"
    KILLED_AT_RECORD = "killed at the record"
    LOST_ANSWER = "lost answer"
    SERVER_ERROR = "server error"
    REFUSED = "refused"


class BillingShop:
    """A shop that sells the plans ``pro`` and ``max``.

    Args:
        options: For ``Billing``.
    """

    def __init__(self, **options: Any) -> None:
        self.genvoris = QuotaServer("pro", "max", "free")
        self.store = FaultyStore()
        self.tokens = FakeTokens()
        self.linked: list[tuple[str, str]] = []
        self.billing = Billing(
            self.genvoris.client,
            self.store,
            self.tokens,
            lambda shopper, customer_id: self.linked.append((shopper.external_id, customer_id)),
            **options,
        )

    def activate(self, event_id: str = "e1", **more: Any) -> None:
        """Sell the plan ``pro`` to Ada."""
        self.billing.activate("ada", **{"price_id": "pro", "event_id": event_id, **more})

    @property
    def fills(self) -> int:
        """The number of times that Ada's quota was filled."""
        return self.genvoris.fills.get("ada", 0)

    @property
    def account(self) -> tuple[str, str | None]:
        """Ada's status and plan at Genvoris."""
        customer = self.genvoris.customers["ada"]
        return str(customer["status"]), customer.get("planId")

    def inject(self, fault: Fault | None) -> None:
        """Inject a fault, or none, into each change of a customer, instead of former faults."""
        self.clear_faults()

        def kill(request: httpx.Request) -> None:
            if is_change(request):
                raise Killed

        def lose(request: httpx.Request) -> None:
            if is_change(request):
                raise httpx.ReadError("the answer is lost")

        def kill_at_record(_key: str, value: bytes) -> None:
            if b"done_for" in value:
                raise Killed

        if fault is Fault.KILLED_BEFORE:
            self.genvoris.before = kill
        elif fault is Fault.KILLED_AFTER:
            self.genvoris.after = kill
        elif fault is Fault.LOST_ANSWER:
            self.genvoris.after = lose
        elif fault is Fault.KILLED_AT_RECORD:
            self.store.at_write = kill_at_record
        elif fault is not None:
            status = {Fault.SERVER_ERROR: 503, Fault.REFUSED: 403}[fault]
            answer = httpx.Response(status, json={"error": "plan_not_found", "detail": "No."})
            self.genvoris.before = lambda request: answer if is_change(request) else None

    def clear_faults(self) -> None:
        """Inject no more faults."""
        self.genvoris.clear_faults()
        self.store.clear_faults()


def is_change(request: httpx.Request) -> bool:
    """Return whether a request changes a customer."""
    return request.method in ("POST", "PATCH") and request.url.path.count("customers") == 1
