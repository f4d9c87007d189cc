"""A bound on how many requests of a kind may hold a worker of the web server at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..per_process import PerProcess
from .answers import AnswerError

RETRY_AFTER = 5.0  # seconds


class Slots:
    """So many places in each process.

    Args:
        places: How many.
    """

    def __init__(self, places: int) -> None:
        self._free = PerProcess(lambda: threading.BoundedSemaphore(places))

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place, without waiting for one.

        Raises:
            AnswerError: 503 ``busy``: all are taken.
        """
        free = self._free.get()
        if not free.acquire(blocking=False):
            raise AnswerError("busy", retry_after=RETRY_AFTER)
        try:
            yield
        finally:
            free.release()
