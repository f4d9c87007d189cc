"""Gives each shopper one token: from memory, else minted, by one thread at a time.

Minting runs on a small pool rather than in the thread that asks. So whoever asks can stop waiting
when its time is up, and the token is there for the next page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from ..api.client import GenvorisClient
from ..api.models import Session
from ..errors import DeadlineError, NotFoundError
from ..per_process import PerProcess
from .memory import SessionMemory
from .shopper import Shopper

MINT_THREADS = 8


class BrokerEvents(Protocol):
    """What the broker tells about."""

    def minted(self, shopper: Shopper, session: Session) -> None:
        """A new token was minted."""

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        """Genvoris's id of this shopper became known and is not what the shop said."""


@dataclass
class _Flights:
    """Mints under way in this process, by external id."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    mints: dict[str, Future[Session]] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MINT_THREADS, "genvoris-mint")
    )


class SessionBroker:
    """Mints, remembers and shares tokens.

    Args:
        client: Where tokens come from.
        events: Told of new tokens and customer ids.
        ttl: Seconds that a new token shall live.
        default_plan: The plan that unknown shoppers are registered with; None: they are not.
        external_id_prefix: Put in front of the shop's ids.
        max_shoppers: How many shoppers are remembered.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(
        self,
        client: GenvorisClient,
        events: BrokerEvents,
        *,
        ttl: int,
        default_plan: str | None = None,
        external_id_prefix: str = "",
        max_shoppers: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._events = events
        self._ttl = ttl
        self._default_plan = default_plan
        self._prefix = external_id_prefix
        self._memory = SessionMemory(max_shoppers, clock)
        self._flights = PerProcess(_Flights)

    def session(self, shopper: Shopper, budget: float) -> Session:
        """Give the shopper's session within ``budget`` seconds.

        Raises:
            DeadlineError: It took longer; the mint goes on, and a later call finds its token.
            GenvorisError: The mint failed. Everyone who waited for it gets the same error.
        """
        flights = self._flights.get()
        with flights.lock:
            if session := self.remembered(shopper):
                return session
            mint = flights.mints.get(shopper.external_id)
            if mint is None:
                mint = flights.mints[shopper.external_id] = Future()
                flights.pool.submit(self._fly, shopper, mint)
        try:
            return mint.result(timeout=budget)
        except TimeoutError:
            raise DeadlineError(
                f"No session token within the {budget:g} s that there were."
            ) from None

    def remembered(self, shopper: Shopper) -> Session | None:
        """Give the session if one is at hand that has more than a minute left."""
        return self._memory.session(shopper)

    def customer_id(self, shopper: Shopper) -> str:
        """Give the best id to ask Genvoris about this shopper with."""
        if session := self.remembered(shopper):
            return session.customer_id
        remembered = self._memory.customer_id(shopper)
        return shopper.customer_id or remembered or self.external_id(shopper)

    def external_id(self, shopper: Shopper) -> str:
        """Give the shop's id as Genvoris knows it."""
        return self._prefix + shopper.external_id

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token, also one that is being minted."""
        flights = self._flights.get()
        with flights.lock:
            flights.mints.pop(shopper.external_id, None)
            self._memory.forget(shopper)

    def _fly(self, shopper: Shopper, mint: Future[Session]) -> None:
        """Mint on a thread of the pool, remember the outcome, then let the waiters go."""
        try:
            session = self._mint(shopper)
        except BaseException as error:  # noqa: BLE001  (whoever waits must not wait for ever)
            self._land(shopper, mint, None)
            mint.set_exception(error)
            return
        news = self._land(shopper, mint, session)
        mint.set_result(session)
        self._events.minted(shopper, session)
        if news:
            self._events.linked(shopper, session.customer_id)

    def _land(self, shopper: Shopper, mint: Future[Session], session: Session | None) -> bool:
        """Take a mint off the list and keep its token, unless it was forgotten meanwhile."""
        flights = self._flights.get()
        with flights.lock:
            if flights.mints.get(shopper.external_id) is not mint:
                return False
            del flights.mints[shopper.external_id]
            return session is not None and self._memory.keep(shopper, session)

    def _mint(self, shopper: Shopper) -> Session:
        """Mint, and register the shopper only when no id of theirs is known to Genvoris.

        A registration starts a new period with a fresh quota, so it must never happen to a
        shopper who is there already (contract, POST /customers).
        """
        try:
            return self._mint_for_known(shopper)
        except NotFoundError:
            if not self._default_plan:
                raise
        customer = self._client.customers.upsert(
            external_id=self.external_id(shopper),
            email=shopper.email,
            plan_id=shopper.plan_id or self._default_plan,
        )
        return self._client.sessions.mint(customer.id, expires_in=self._ttl)

    def _mint_for_known(self, shopper: Shopper) -> Session:
        external_id = self.external_id(shopper)
        customer_id = self.customer_id(shopper)
        try:
            return self._client.sessions.mint(customer_id, expires_in=self._ttl)
        except NotFoundError:
            if customer_id == external_id:
                raise
        return self._client.sessions.mint(external_id, expires_in=self._ttl)
