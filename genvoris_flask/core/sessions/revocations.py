"""Revokes dropped tokens, apart from all else: one that is not revoked expires within minutes."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable

from ...errors import QueueFullError
from ..api.models import Session
from ..concurrency.threads import WorkerPool
from .breaker import CircuitBreaker
from .mint import REVOKE_SECONDS

log: logging.Logger = logging.getLogger("genvoris_flask.sessions")

THREADS = 4
MAX_WAITING = 1000
# Seconds without another attempt after Genvoris did not answer one.
PAUSE = 5.0


class Revocations:
    """Tries to revoke each token once, on threads of its own.

    However many shoppers log out while Genvoris does not answer, no log-out waits for another
    one's revocation, and the end of the process waits a few seconds for all of them together.

    Args:
        revoke: Revokes a token; returns False if Genvoris did not answer.
        breaker: Whether Genvoris answers mints.
        at_once: As for ``WorkerPool``.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        revoke: Callable[[Session], bool],
        breaker: CircuitBreaker,
        at_once: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._revoke = revoke
        self._breaker = breaker
        self._clock = clock
        self._next_at = 0.0
        self._pool = WorkerPool(
            "genvoris-revoke",
            THREADS,
            max_unfinished=MAX_WAITING,
            grace=REVOKE_SECONDS,
            at_once=at_once,
        )

    def revoke(self, session: Session) -> None:
        """Revoke a token soon, unless Genvoris does not answer."""
        if self._breaker.is_open:
            return
        try:
            self._pool.submit(functools.partial(self._try, session))
        except (QueueFullError, RuntimeError):  # or the system starts no thread
            log.debug("A dropped token is not revoked, since too many wait; it will expire.")

    def _try(self, session: Session) -> None:
        if self._breaker.is_open or self._clock() < self._next_at:
            return
        if not self._revoke(session):
            self._next_at = self._clock() + PAUSE
