"""Remembers that a proxy passes requests on without saying, in a way that counts, for whom."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from ..core.storage.interface import Store
from ..errors import StoreUnavailableError

log = logging.getLogger("genvoris_flask.web")

KEPT_SECONDS = 3600.0
_KEY = "proxy-not-trusted"


class ProxyWatch:
    """Says once in the log, and to ``flask genvoris check``, that visitors cannot be told apart.

    Args:
        store: Where ``check``, which is another process, finds it.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._noted_at: float | None = None

    def note(self) -> None:
        """Note that it was so just now; most calls cost nothing."""
        now = self._clock()
        if self._noted_at is None:
            log.warning(
                "A proxy passes requests on, but its X-Forwarded-For is not trusted, so all "
                "visitors share one limit by address. Use werkzeug.middleware.proxy_fix.ProxyFix, "
                "and tell it how many proxies there are."
            )
        elif now - self._noted_at < KEPT_SECONDS / 2:
            return
        self._noted_at = now
        with suppress(StoreUnavailableError):
            self._store.set(_KEY, b"1", KEPT_SECONDS)

    def was_noted(self) -> bool:
        """Return whether any process noted it within the last hour."""
        try:
            return self._store.get(_KEY) is not None
        except StoreUnavailableError:
            return False
