"""Bounds how many large answers are in the memory of a process at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import DeadlineError
from ..concurrency.per_process import PerProcess

AT_ONCE = 2


class LargeAnswers:
    """Lets large answers be read and parsed by turns; small ones wait for nothing.

    While an answer is parsed, it is in memory several times: its pieces, the whole, its text and
    the picture in it.

    Args:
        at_once: How many may be in memory at once.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._slots = PerProcess(lambda: threading.BoundedSemaphore(at_once))

    @contextmanager
    def turn(self, timeout: float) -> Iterator[Callable[[], None]]:
        """Yield a function that waits for a slot, which is held until the end of the block.

        Args:
            timeout: Seconds that the function waits, after which it raises DeadlineError.
        """
        slots, held = self._slots.get(), False

        def take() -> None:
            nonlocal held
            if not held and not slots.acquire(timeout=timeout):
                raise DeadlineError("Other large answers of Genvoris's took too long to be read.")
            held = True

        try:
            yield take
        finally:
            if held:
                slots.release()
