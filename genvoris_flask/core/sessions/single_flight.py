"""Mints one token per shopper at a time, however many requests ask for it.

Minting runs on a pool rather than on the thread that asks. A request can thus stop waiting when
its time is up, and the token is there for the next page.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ...errors import (
    CircuitOpenError,
    CustomerInactiveError,
    ExternalIdError,
    GenvorisError,
    NotFoundError,
    NotRegisteredError,
    QueueFullError,
)
from ..api.models import Session
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import WorkerPool
from ..pacing import PacedError, Priority
from . import Shopper
from .breaker import CircuitBreaker
from .cache import SessionCache, SharedSessions
from .mint import MINT_SECONDS, Mint

log: logging.Logger = logging.getLogger("genvoris_flask.sessions")

MINT_THREADS = 16
MAX_MINTS = 256  # that wait or run; more could not succeed before the pages' shoppers have left

# Errors that are about one shopper, and are remembered for a while.
_REFUSALS = (
    NotFoundError,
    NotRegisteredError,
    CustomerInactiveError,
    ExternalIdError,
    PacedError,
)


class SessionListener(Protocol):
    """Hears of mints, and receives their outcomes."""

    def minting(self, shopper: Shopper) -> None:
        """Do what has to be done before a shopper's token is minted."""

    def minted(self, shopper: Shopper, session: Session) -> None:
        """Receive a new token."""

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        """Receive the reason why a token could not be minted."""

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        """Receive Genvoris's id of a shopper, which is new here and to the shop."""


class MintResult(NamedTuple):
    """The outcome of a mint.

    Attributes:
        session: The shopper's session.
        is_minted: Whether it was minted here rather than taken from another process.
        is_linked: Whether its customer id is new here and to the shop.
    """

    session: Session
    is_minted: bool
    is_linked: bool


@dataclass
class _InFlight:
    """The mints under way in this process, by external id."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    mints: dict[str, Future[Session]] = field(default_factory=dict)


class SingleFlight:
    """Runs at most one mint per shopper in each process, and caches its token.

    Args:
        mint: Asks Genvoris.
        cache: Returns this process's cache.
        breaker: Holds calls back while Genvoris does not answer.
        shared: The tokens of other processes.
        listener: Receives new tokens, failures and customer ids.
    """

    def __init__(
        self,
        mint: Mint,
        cache: Callable[[], SessionCache],
        breaker: CircuitBreaker,
        shared: SharedSessions,
        listener: SessionListener,
    ) -> None:
        self._mint = mint
        self._cache = cache
        self._breaker = breaker
        self._shared = shared
        self._listener = listener
        self._in_flight = PerProcess(_InFlight)
        self._pool = WorkerPool(
            "genvoris-mint", MINT_THREADS, max_unfinished=MAX_MINTS, grace=MINT_SECONDS
        )

    def mint(self, shopper: Shopper, priority: Priority = Priority.SHOPPER) -> Future[Session]:
        """Return a future of the shopper's session.

        Args:
            shopper: Whose session it is.
            priority: How urgent it is, unless a mint is under way.

        Raises:
            CircuitOpenError: Genvoris did not answer lately, so it is not asked.
            ExternalIdError: The shopper's id may be another shopper's at Genvoris.
        """
        return self._join_or_start(shopper, priority)

    def is_minting(self, shopper: Shopper) -> bool:
        """Return whether a mint of the shopper's is under way in this process."""
        return shopper.external_id in self._in_flight.get().mints

    def renew(self, shopper: Shopper) -> None:
        """Mint in the background, unless a mint is under way or Genvoris does not answer."""
        if self._breaker.is_open or self.is_minting(shopper):
            return
        try:
            self._join_or_start(shopper, Priority.BACKGROUND, renewing=True)
        except CircuitOpenError:
            log.debug("A token is not renewed: the circuit opened just now.")

    def drop(self, external_id: str) -> Session | None:
        """Drop and return a cached session. One that is being minted will not be cached."""
        in_flight = self._in_flight.get()
        with in_flight.lock:
            in_flight.mints.pop(external_id, None)
            return self._cache().drop(external_id)

    def _join_or_start(
        self, shopper: Shopper, priority: Priority, *, renewing: bool = False
    ) -> Future[Session]:
        """Join the mint that is under way, or start one."""
        self._mint.external_id(shopper)  # refused here, so that it counts against nobody else
        in_flight = self._in_flight.get()
        with in_flight.lock:
            if future := in_flight.mints.get(shopper.external_id):
                if self._breaker.is_open:
                    raise CircuitOpenError("Genvoris does not answer, so no request waits for it.")
                return future
            future = Future()
            if not renewing and (cached := self._cache().get(shopper)):
                future.set_result(cached.session)
                return future
            self._breaker.enter()
            try:
                self._pool.submit(functools.partial(self._run_mint, shopper, future, priority))
            except (QueueFullError, RuntimeError) as error:  # or the system has no threads left
                self._breaker.abandoned()
                raise CircuitOpenError("No thread is free to ask Genvoris.") from error
            in_flight.mints[shopper.external_id] = future
            return future

    def _run_mint(self, shopper: Shopper, future: Future[Session], priority: Priority) -> None:
        """Mint on a thread of the pool, cache the outcome, then wake the waiting requests."""
        _notify(lambda: self._listener.minting(shopper))
        try:
            result = self._obtain(shopper, future, priority)
        except BaseException as error:  # noqa: BLE001  (or they would wait in vain)
            self._fail(shopper, future, error)
            return
        future.set_result(result.session)
        if result.is_minted:
            _notify(lambda: self._listener.minted(shopper, result.session))
        if result.is_linked:
            _notify(lambda: self._listener.linked(shopper, result.session.customer_id))

    def _obtain(self, shopper: Shopper, future: Future[Session], priority: Priority) -> MintResult:
        """Take another process's token, else mint one."""
        cache = self._cache()
        old = cache.get(shopper)
        with self._shared.minting(shopper.external_id, MINT_SECONDS):
            session = self._shared.get(shopper.external_id)
            stale = (old and old.session.token, cache.dropped_token(shopper))
            if session and session.token not in stale:
                self._breaker.abandoned()
                return MintResult(session, False, self._store(shopper, future, session))
            customer_id = cache.customer_id(shopper) or self._mint.external_id(shopper)
            started = time.monotonic()
            session = self._mint.mint(shopper, customer_id, priority)
            self._breaker.succeeded(time.monotonic() - started)
            is_linked = self._store(shopper, future, session)
            if cache.get(shopper):
                self._shared.put(shopper.external_id, session)
            return MintResult(session, True, is_linked)

    def _store(self, shopper: Shopper, future: Future[Session], session: Session) -> bool:
        """Cache a token, unless it was dropped meanwhile. Return whether its customer is new."""
        in_flight = self._in_flight.get()
        with in_flight.lock:
            return self._end(shopper, future) and self._cache().put(shopper, session)

    def _fail(self, shopper: Shopper, future: Future[Session], error: BaseException) -> None:
        in_flight = self._in_flight.get()
        with in_flight.lock:
            self._end(shopper, future)
        if isinstance(error, GenvorisError):
            if isinstance(error, _REFUSALS):
                self._cache().put_refusal(shopper, error)
            if isinstance(error, PacedError):
                self._breaker.abandoned()
            else:
                self._breaker.failed(error)
        else:
            log.error("A mint failed unexpectedly", exc_info=error)
        future.set_exception(error)
        if isinstance(error, GenvorisError):
            _notify(lambda: self._listener.failed(shopper, error))

    def _end(self, shopper: Shopper, future: Future[Session]) -> bool:
        """End a mint. Return whether it still counted. The caller holds the lock."""
        mints = self._in_flight.get().mints
        counts = mints.get(shopper.external_id) is future
        if counts:
            del mints[shopper.external_id]
        return counts


def _notify(notify: Callable[[], None]) -> None:
    try:
        notify()
    except BaseException:  # sys.exit() in the shop's receiver must not keep the next from running
        log.exception("A receiver of a signal about sessions failed")
