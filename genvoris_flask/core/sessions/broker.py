"""Gives each shopper one token: from memory, else minted, by one thread of one process at a time.

Minting runs on a small pool rather than in the thread that asks. So whoever asks can stop waiting
when its time is up, and the token is there for the next page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from ...errors import (
    CircuitOpenError,
    CustomerInactiveError,
    DeadlineError,
    ExternalIdError,
    GenvorisError,
    MalformedAnswerError,
    NotFoundError,
    NotRegisteredError,
)
from ..api.client import GenvorisClient
from ..api.models import Session
from ..concurrency.per_process import PerProcess
from .breaker import CircuitBreaker
from .listener import BrokerEvents
from .memory import MARGIN, Kept, SessionMemory
from .mint import MINT_SECONDS, Mint
from .shared import NullSharedSessions, SharedSessions
from .shopper import Shopper
from .single_flight import Flights, Landing

log = logging.getLogger("genvoris_flask.sessions")

# What is said of one shopper, and is remembered for a while.
_REFUSALS = (NotFoundError, NotRegisteredError, CustomerInactiveError, ExternalIdError)


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
        breaker: Holds calls back while Genvoris does not answer.
        shared: What other processes have minted.
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
        breaker: CircuitBreaker | None = None,
        shared: SharedSessions | None = None,
    ) -> None:
        self._mint = Mint(client, ttl, default_plan, external_id_prefix)
        self._events = events
        self._clock = clock
        self._memories = PerProcess(lambda: SessionMemory(max_shoppers, clock))
        self._breaker = breaker or CircuitBreaker()
        self._shared = shared or NullSharedSessions()
        self._shared.on_drop(self._hear_of_drop)
        self._flights = PerProcess(Flights)

    @property
    def _memory(self) -> SessionMemory:
        return self._memories.get()

    @property
    def is_held_back(self) -> bool:
        """Say whether Genvoris did not answer lately, so that nobody should wait for it long."""
        return self._breaker.is_open

    def session_for_page(self, shopper: Shopper, budget: float) -> Session:
        """Give the session as ``session`` does, but ask less: a page has better things to wait for.

        A shopper whom Genvoris refused a token just now is not asked about again, and while
        Genvoris does not answer no page waits: not even the one whose turn it is to ask.
        """
        if kept := self._memory.find(shopper):
            return self._serve(shopper, kept)
        if refusal := self._memory.refusal(shopper):
            raise refusal
        if self._breaker.is_open:
            self._take_off(shopper)
            raise CircuitOpenError("Genvoris did not answer lately, so no page waits for it.")
        return self._wait_for(shopper, budget)

    def session(self, shopper: Shopper, budget: float) -> Session:
        """Give the shopper's session within ``budget`` seconds.

        Past two thirds of its life the old one is given while a new one is minted.

        Raises:
            DeadlineError: It took longer; the mint goes on, and a later call finds its token.
            CircuitOpenError: Genvoris did not answer lately, and is not asked.
            GenvorisError: The mint failed. Everyone who waited for it gets the same error.
        """
        if kept := self._memory.find(shopper):
            return self._serve(shopper, kept)
        return self._wait_for(shopper, budget)

    def remembered(self, shopper: Shopper) -> Session | None:
        """Give the session if one is at hand that has more than a minute left."""
        kept = self._memory.find(shopper)
        return kept.session if kept else None

    def customer_id(self, shopper: Shopper) -> str:
        """Return the best id to ask Genvoris about this shopper with.

        Raises:
            ExternalIdError: There is only the shop's own, and it may be somebody else's there.
        """
        if session := self.remembered(shopper):
            return session.customer_id
        remembered = self._memory.customer_id(shopper)
        return shopper.customer_id or remembered or self.external_id(shopper)

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id as Genvoris knows it.

        Raises:
            ExternalIdError: It may be somebody else's there.
        """
        return self._mint.external_id(shopper)

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token everywhere, also one that is being minted, and revoke it.

        Nobody waits for this: Redis and Genvoris are told on a thread of its own.
        """
        session = self._drop_here(shopper.external_id)
        self._flights.get().drops.submit(self._drop_elsewhere, shopper, session)

    def replace(self, shopper: Shopper) -> None:
        """Do as ``forget``; who had a token gets a new one at once, in the background."""
        session = self._drop_here(shopper.external_id)
        self._flights.get().drops.submit(self._replace, shopper, session)

    def _replace(self, shopper: Shopper, session: Session | None) -> None:
        # Thousands may renew in an hour, and mints are limited: who is not here needs none.
        if self._drop_elsewhere(shopper, session) and not self._breaker.is_open:
            self._take_off(shopper)

    def _drop_here(self, external_id: str) -> Session | None:
        flights = self._flights.get()
        with flights.lock:
            flights.mints.pop(external_id, None)
            return self._memory.forget(external_id)

    def _hear_of_drop(self, external_id: str) -> None:
        self._drop_here(external_id)

    def _drop_elsewhere(self, shopper: Shopper, session: Session | None) -> bool:
        """Drop and revoke the token of all processes; say whether there was one."""
        session = session or self._shared.get(shopper.external_id)
        self._shared.drop(shopper.external_id)
        # A token that is not revoked ends by itself, within minutes.
        if session and not self._breaker.is_open:
            self._mint.revoke(session)
        return session is not None

    def _serve(self, shopper: Shopper, kept: Kept) -> Session:
        if kept.is_due(self._clock()):
            self._renew(shopper)
        return kept.session

    def _wait_for(self, shopper: Shopper, budget: float) -> Session:
        mint = self._take_off(shopper)
        try:
            session = mint.result(timeout=budget)
        except TimeoutError:
            error = DeadlineError(f"No session token within the {budget:g} s that there were.")
            # Counted here, since the mint itself may take much longer to fail.
            self._breaker.failed(error)
            raise error from None
        if session.expires_at - MARGIN <= self._clock():
            raise MalformedAnswerError(
                "A new session token has under a minute left: compare this machine's clock."
            )
        return session

    def _renew(self, shopper: Shopper) -> None:
        """Mint in the background, unless that is held back or under way."""
        flights = self._flights.get()
        if self._breaker.is_open or shopper.external_id in flights.mints:
            return
        with suppress(CircuitOpenError):  # it opened this very moment; the old token serves
            self._take_off(shopper, renewing=True)

    def _take_off(self, shopper: Shopper, *, renewing: bool = False) -> Future[Session]:
        """Join the mint that is under way, or start one."""
        self.external_id(shopper)  # refused here, so that it counts against nobody else
        flights = self._flights.get()
        with flights.lock:
            if mint := flights.mints.get(shopper.external_id):
                if self._breaker.is_open:
                    raise CircuitOpenError("Genvoris does not answer, so nobody waits for it.")
                return mint
            if not renewing and (session := self.remembered(shopper)):
                landed: Future[Session] = Future()
                landed.set_result(session)
                return landed
            self._breaker.enter()
            mint = flights.mints[shopper.external_id] = Future()
            flights.pool.submit(self._fly, shopper, mint)
            return mint

    def _fly(self, shopper: Shopper, mint: Future[Session]) -> None:
        """Mint on a thread of the pool, remember the outcome, then let the waiters go."""
        try:
            landing = self._obtain(shopper, mint)
        except BaseException as error:  # noqa: BLE001  (whoever waits must not wait for ever)
            self._crash(shopper, mint, error)
            return
        mint.set_result(landing.session)
        if landing.minted:
            _tell(lambda: self._events.minted(shopper, landing.session))
        if landing.news:
            _tell(lambda: self._events.linked(shopper, landing.session.customer_id))

    def _obtain(self, shopper: Shopper, mint: Future[Session]) -> Landing:
        """Take another process's token, else mint one."""
        old = self.remembered(shopper)
        with self._shared.minting(shopper.external_id, MINT_SECONDS):
            session = self._shared.get(shopper.external_id)
            stale = (old and old.token, self._memory.dropped(shopper))
            if session and session.token not in stale:
                self._breaker.abandoned()
                return Landing(session, False, self._land(shopper, mint, session))
            session = self._mint.mint(shopper, self.customer_id(shopper))
            self._breaker.succeeded()
            news = self._land(shopper, mint, session)
            if self._memory.find(shopper):
                self._shared.put(shopper.external_id, session)
            return Landing(session, True, news)

    def _land(self, shopper: Shopper, mint: Future[Session], session: Session | None) -> bool:
        """Take a mint off the list and keep its token, unless it was forgotten meanwhile."""
        flights = self._flights.get()
        with flights.lock:
            if flights.mints.get(shopper.external_id) is not mint:
                return False
            del flights.mints[shopper.external_id]
            return session is not None and self._memory.keep(shopper, session)

    def _crash(self, shopper: Shopper, mint: Future[Session], error: BaseException) -> None:
        self._land(shopper, mint, None)
        if isinstance(error, GenvorisError):
            if isinstance(error, _REFUSALS):
                self._memory.keep_refusal(shopper, error)
            self._breaker.failed(error)
        else:
            log.error("A mint failed in a way that it should not", exc_info=error)
        mint.set_exception(error)
        if isinstance(error, GenvorisError):
            _tell(lambda: self._events.failed(shopper, error))


def _tell(news: Callable[[], None]) -> None:
    try:
        news()
    except Exception:  # the shop's own receivers: nobody waits for them here who could be told
        log.exception("A receiver of a signal about sessions failed")
