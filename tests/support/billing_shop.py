"""What tests of billing have in common: a shop in one process, and the faults that strike it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from genvoris_flask.core.billing.service import Billing
from genvoris_flask.core.sessions.shopper import Shopper
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import StoreUnavailableError
from tests.support.quota_server import QuotaServer


class Tokens:
    """Remembers whose token was dropped and whose was renewed."""

    def __init__(self) -> None:
        self.replaced: list[str] = []
        self.forgotten: list[str] = []

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id as it is: there is no prefix."""
        return shopper.external_id

    customer_id = external_id

    def replace(self, shopper: Shopper) -> None:
        """Note that a token was renewed."""
        self.replaced.append(shopper.external_id)

    def forget(self, shopper: Shopper) -> None:
        """Note that a token was dropped."""
        self.forgotten.append(shopper.external_id)


class Death(BaseException):
    """The process ends here."""


class FragileStore(MemoryStore):
    """A store that fails when told to.

    Attributes:
        at_write: Called before each write; may raise.
        away: Whether reads fail.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        super().__init__(*(() if clock is None else (clock,)))
        self.at_write: Callable[[str, bytes], None] = lambda _key, _value: None
        self.away = False

    def get(self, key: str) -> bytes | None:
        """Read a value, unless the store is away."""
        if self.away:
            raise StoreUnavailableError("Redis does not answer.")
        return super().get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Write a value, unless a fault strikes first."""
        self.at_write(key, value)
        super().set(key, value, seconds)

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Write a value that is not there, unless a fault strikes first."""
        self.at_write(key, value)
        return super().add(key, value, seconds)

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Exchange a value, unless a fault strikes first."""
        self.at_write(key, value)
        return super().replace(key, value, seconds, expected=expected)

    def heal(self) -> None:
        """Let no more faults strike."""
        self.at_write, self.away = lambda _key, _value: None, False


class Shop:
    """A shop that sells the plans ``pro`` and ``max`` with a billing system of its own."""

    def __init__(self, **options: Any) -> None:
        self.genvoris = QuotaServer("pro", "max", "free")
        self.store = FragileStore()
        self.tokens = Tokens()
        self.linked: list[tuple[str, str]] = []
        self.billing = Billing(
            self.genvoris.client,
            self.store,
            self.tokens,
            lambda shopper, customer_id: self.linked.append((shopper.external_id, customer_id)),
            **options,
        )

    def activate(self, event_id: str = "e1", **more: Any) -> None:
        """Tell of a sale of the plan ``pro`` to Ada."""
        self.billing.activate("ada", **{"price_id": "pro", "event_id": event_id, **more})

    @property
    def fills(self) -> int:
        """How often Ada's quota was filled."""
        return self.genvoris.fills.get("ada", 0)

    @property
    def standing(self) -> tuple[str, str | None]:
        """Ada's status and plan at Genvoris."""
        customer = self.genvoris.customers["ada"]
        return str(customer["status"]), customer.get("planId")

    def heal(self) -> None:
        """Let no more faults strike."""
        self.genvoris.heal()
        self.store.heal()


def is_change(request: httpx.Request) -> bool:
    """Say whether a request changes a customer."""
    return request.method in ("POST", "PATCH") and request.url.path.count("customers") == 1


def is_fill(request: httpx.Request) -> bool:
    """Say whether a request fills a quota."""
    return is_change(request) and (request.method == "POST" or b"resetPeriod" in request.content)
