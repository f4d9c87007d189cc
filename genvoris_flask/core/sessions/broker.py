"""Returns each shopper's token: from memory, from another process, or newly minted."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from contextlib import suppress

from ...errors import CircuitOpenError, DeadlineError, MalformedAnswerError
from ..api.client import GenvorisClient
from ..api.models import Session
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import WorkerPool
from ..pacing import PacedError, Priority
from ..storage.memory_store import MemoryStore
from . import Shopper
from .breaker import CircuitBreaker, State
from .cache import MARGIN, NullSharedSessions, SessionCache, SharedSessions
from .known import KnownShoppers
from .mint import Mint
from .revocations import Revocations
from .single_flight import SessionListener, SingleFlight


class SessionBroker:
    """Mints, caches, shares and drops tokens.

    Args:
        client: Mints and revokes tokens at Genvoris.
        listener: Receives new tokens, failures and customer ids.
        ttl: The lifetime of new tokens, in seconds.
        default_plan: The plan that unknown shoppers are registered with, or a function that
            returns it. None: they are not.
        external_id_prefix: Put in front of the shop's ids.
        max_shoppers: How many shoppers are cached.
        page_budget: Seconds that a page waits for a token.
        clock: The wall clock, in Unix seconds.
        breaker: Holds calls back while Genvoris does not answer.
        shared: The tokens of other processes.
        known: The shoppers whom Genvoris knows. None: this process remembers them.
        revoke: Has a token revoked that was dropped. None: a thread tries it once.
        at_once: Returns whether nothing can be left to a thread, since the process may end
            without notice.

    Attributes:
        registers: Whether unknown shoppers are registered.
    """

    def __init__(
        self,
        client: GenvorisClient,
        listener: SessionListener,
        *,
        ttl: int,
        default_plan: str | Callable[[], str] | None = None,
        external_id_prefix: str = "",
        max_shoppers: int = 10_000,
        page_budget: float = math.inf,
        clock: Callable[[], float] = time.time,
        breaker: CircuitBreaker | None = None,
        shared: SharedSessions | None = None,
        known: KnownShoppers | None = None,
        revoke: Callable[[Session], None] | None = None,
        at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self.registers: bool = default_plan is not None
        self._known = known or KnownShoppers(MemoryStore(clock))
        self._cache = PerProcess(lambda: SessionCache(max_shoppers, clock))
        self._breaker = breaker or CircuitBreaker(slow_seconds=page_budget)
        self._shared = shared or NullSharedSessions()
        self._mint = Mint(client, ttl, default_plan, external_id_prefix, self._known)
        self._flights = SingleFlight(
            self._mint, self._cache.get, self._breaker, self._shared, listener
        )
        self._shared.on_drop(self._flights.drop)
        # Apart from the mints, so that many log-outs at once delay no page.
        self._drops = WorkerPool("genvoris-drop", threads=1, at_once=at_once)
        self._revoke = revoke or Revocations(self._mint.revoke, self._breaker, at_once).revoke

    @property
    def is_backing_off(self) -> bool:
        """Whether Genvoris did not answer lately, so that no request should wait for it long."""
        return self._breaker.is_open

    @property
    def circuit(self) -> State:
        """Whether Genvoris is asked (``closed``), no page waits for it (``slow``), or ``open``."""
        return self._breaker.state

    def session(self, shopper: Shopper, budget: float) -> Session:
        """Return the shopper's session within ``budget`` seconds.

        Past two thirds of its life, the old session is returned while a new one is minted.

        Raises:
            DeadlineError: It took longer. The mint continues, and a later call finds its token.
            CircuitOpenError: Genvoris did not answer lately, so it is not asked.
            PacedError: Genvoris is asked as often as it may be.
            GenvorisError: The mint failed. All requests that waited for it get the same error.
        """
        if session := self._serve(shopper):
            return session
        if self._flights.is_minting(shopper):  # perhaps for a page, which is less urgent
            with suppress(PacedError):
                return self._wait_for(shopper, budget, Priority.SHOPPER)
        return self._wait_for(shopper, budget, Priority.SHOPPER)

    def session_for_page(self, shopper: Shopper, budget: float) -> Session | None:
        """Like ``session``, but fails fast while a page renders, and registers nobody.

        It returns None for a shopper who may have to be registered first, since most of those who
        look at a page never try anything on. It does not ask again about a shopper whom Genvoris
        refused a token lately. While Genvoris does not answer no page waits, not even the one
        whose request probes it.
        """
        if session := self._serve(shopper):
            return session
        if self.registers and not self.is_known(shopper):
            return None
        if refusal := self._cache.get().refusal(shopper):
            raise refusal
        if self._breaker.is_open or self._breaker.is_slow:
            self._flights.mint(shopper, Priority.PAGE)
            raise CircuitOpenError("Genvoris did not answer in time, so no page waits for it.")
        return self._wait_for(shopper, budget, Priority.PAGE)

    def cached(self, shopper: Shopper) -> Session | None:
        """Return the cached session, if there is one with more than a minute left."""
        cached = self._cache.get().get(shopper)
        return cached.session if cached else None

    def held(self, shopper: Shopper) -> Session | None:
        """Return the session that this process, or another one, holds for a shopper."""
        return self.cached(shopper) or self._shared.get(shopper.external_id)

    def customer_id(self, shopper: Shopper) -> str:
        """Return the best id for asking Genvoris about this shopper.

        Raises:
            ExternalIdError: Only the shop's own id is known, which may be another shopper's there.
        """
        return self._cache.get().customer_id(shopper) or self.external_id(shopper)

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id of a shopper as Genvoris knows it.

        Raises:
            ExternalIdError: It may be another shopper's there.
        """
        return self._mint.external_id(shopper)

    def is_known(self, shopper: Shopper) -> bool:
        """Return whether Genvoris knows a shopper, as far as that can be told without asking."""
        known_here = self._cache.get().customer_id(shopper) is not None
        return known_here or shopper.external_id in self._known

    def must_register(self, shopper: Shopper) -> bool:
        """Return whether a shopper's token needs a registration, as far as is known."""
        return self.registers and self._known.is_unknown(shopper.external_id)

    def is_new(self, shopper: Shopper) -> bool:
        """Return whether a token may show Genvoris a shopper for the first time."""
        known_here = self._cache.get().customer_id(shopper) is not None
        return not known_here and self._known.is_new(shopper.external_id)

    def introduce(self, shopper: Shopper, priority: Priority = Priority.SHOPPER) -> None:
        """Count a shopper whom Genvoris may not know, and whom it is asked about next.

        Raises:
            PacedError: Genvoris must not be asked about any more now.
        """
        if self._cache.get().customer_id(shopper) is None:
            self._known.introduce(shopper.external_id, priority)

    def remember(self, shopper: Shopper) -> None:
        """Remember that Genvoris knows a shopper."""
        self._known.add(shopper.external_id)

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token in all processes, also one that is being minted; revoke it.

        It returns at once and does the rest in the background.
        """
        session = self._flights.drop(shopper.external_id)
        self._run_later(functools.partial(self._drop_elsewhere, shopper, session))

    def replace(self, shopper: Shopper) -> None:
        """Like ``forget``; a shopper who had a token gets a new one, in the background."""
        session = self._flights.drop(shopper.external_id)
        self._run_later(functools.partial(self._replace, shopper, session))

    def _run_later(self, run: Callable[[], object]) -> None:
        try:
            self._drops.submit(run)
        except RuntimeError:  # the system starts no thread, and other processes must know
            run()

    def _replace(self, shopper: Shopper, session: Session | None) -> None:
        # Thousands may renew in an hour, and mints are limited: shoppers who are not here need
        # no token.
        if self._drop_elsewhere(shopper, session) and not self._breaker.is_open:
            self._flights.mint(shopper, Priority.BACKGROUND)

    def _drop_elsewhere(self, shopper: Shopper, session: Session | None) -> bool:
        """Drop and revoke the token of all processes. Return whether there was one."""
        session = session or self._shared.get(shopper.external_id)
        self._shared.drop(shopper.external_id)
        if session and session.jti:
            self._revoke(session)
        return session is not None

    def _serve(self, shopper: Shopper) -> Session | None:
        cached = self._cache.get().get(shopper)
        if cached is None:
            return None
        if cached.refresh_at <= self._clock():
            self._flights.renew(shopper)
        return cached.session

    def _wait_for(self, shopper: Shopper, budget: float, priority: Priority) -> Session:
        mint = self._flights.mint(shopper, priority)
        try:
            session = mint.result(timeout=budget)
        except TimeoutError:
            error = DeadlineError(f"There was no session token within {budget:g} s.")
            # Counted here, since the mint itself may take much longer to fail.
            self._breaker.failed(error)
            raise error from None
        if session.expires_at - MARGIN <= self._clock():
            raise MalformedAnswerError(
                "A new session token has less than a minute left: check this machine's clock."
            )
        return session
