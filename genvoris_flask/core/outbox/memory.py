"""An outbox in this process's memory, for shops without a database for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..concurrency.background import BackgroundPool
from .messages import KINDS, LANES, Deliver, Lane, Message
from .verdicts import judge


class MemoryOutbox:
    """Delivers messages from this process's memory, which loses them when it is killed.

    Args:
        deliver: Delivers one.
        pools: Run the deliveries of each lane.
        at_once: Returns whether a message is delivered before ``put`` returns, since the process
            may end without notice.
    """

    def __init__(
        self,
        deliver: Deliver,
        pools: Mapping[Lane, BackgroundPool] | None = None,
        at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        self._deliver = deliver
        self._pools = pools or {lane: BackgroundPool(at_once=at_once) for lane in LANES}

    def put(self, message: Message, session: Any = None) -> None:  # noqa: ARG002
        """Deliver a message soon.

        Raises:
            QueueFullError: Too many wait.
        """

        def pause_after(error: Exception) -> float | None:
            verdict = judge(error, message)
            return None if verdict.is_final else verdict.retry_after

        pool = self._pools[KINDS[message.kind].lane]
        pool.submit(str(message), lambda: self._deliver(message), pause_after)

    def start(self) -> None:
        """Do nothing: a process that begins has nothing to deliver."""

    def flush(self, seconds: float) -> bool:
        """Wait until nothing is left to deliver. Return False if that took longer."""
        until = time.monotonic() + seconds
        return all(pool.join(until - time.monotonic()) for pool in self._pools.values())
