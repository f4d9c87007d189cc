"""A session broker with a fake Genvoris, a clock that is moved by hand, and a listener."""

from __future__ import annotations

import threading

import httpx

from genvoris_flask.core.api.models import Session
from genvoris_flask.core.pacing import Pace
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.core.sessions.broker import SessionBroker
from genvoris_flask.core.sessions.cache import SharedSessions
from genvoris_flask.core.sessions.known import KnownShoppers
from genvoris_flask.core.storage.interface import Store
from genvoris_flask.errors import GenvorisError
from tests.support.fake_genvoris import Clock, FakeGenvoris
from tests.support.waiting import until

ADA = Shopper("ada", email="ada@example.com")


class Listener:
    """Records what the broker reports: the kind of event, the shopper, and a detail."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def minted(self, shopper: Shopper, session: Session) -> None:
        self.events.append(("minted", shopper.external_id, session.customer_id))

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        self.events.append(("failed", shopper.external_id, type(error).__name__))

    def minting(self, shopper: Shopper) -> None:
        return

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        self.events.append(("linked", shopper.external_id, customer_id))


class SessionShop:
    """A shop whose shopper Ada is registered at Genvoris."""

    def __init__(
        self,
        *,
        default_plan: str | None = None,
        prefix: str = "",
        clock: Clock | None = None,
        shared: SharedSessions | None = None,
        store: Store | None = None,
        known: KnownShoppers | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.genvoris = FakeGenvoris(self.clock)
        self.genvoris.customers = {"ada": "ec_ada"}
        self.listener = Listener()
        self.broker = SessionBroker(
            self.genvoris.client(pace),
            self.listener,
            ttl=900,
            default_plan=default_plan,
            external_id_prefix=prefix,
            max_shoppers=3,
            clock=self.clock,
            breaker=CircuitBreaker(self.clock),
            shared=shared,
            known=KnownShoppers(store) if store else known,
        )

    def register(self, number: int) -> Shopper:
        """Register another shopper at Genvoris."""
        self.genvoris.customers[f"s{number}"] = f"ec_s{number}"
        return Shopper(f"s{number}")

    def session(self, shopper: Shopper = ADA, budget: float = 60.0) -> Session:
        return self.broker.session(shopper, budget)

    @property
    def mints(self) -> int:
        return sum(call.endswith("/sessions") for call in self.genvoris.calls)

    @property
    def registrations(self) -> int:
        return self.genvoris.calls.count("POST /customers")

    def events(self, count: int) -> list[tuple[str, str, str]]:
        """Return what the broker has reported, once that are so many events."""
        until(lambda: len(self.listener.events) >= count)
        return self.listener.events

    def fail_with(self, status: int, **fields: object) -> None:
        """Let Genvoris refuse every request."""
        self.genvoris.fault = lambda: httpx.Response(status, json=fields)

    def recover(self) -> None:
        """Let Genvoris answer again."""
        self.genvoris.fault = lambda: None

    def hang(self) -> Hang:
        """Let Genvoris hang from now on; see ``Hang``."""
        hang = Hang()
        self.genvoris.fault = hang
        return hang


class Hang:
    """Makes requests wait until they are released.

    Attributes:
        asked: Set once a request waits.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._released = threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        assert self._released.wait(60)

    def release(self) -> None:
        self._released.set()
