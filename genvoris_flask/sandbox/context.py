"""What a request of the sandbox works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from .domain.signing_keys import KeyRing
from .domain.store import FolderLock, Store, recall, remember
from .domain.webhook_dispatcher import Courier
from .http.faults import Faults
from .http.rate_limits import Limiter
from .http.request_log import CallLog

EXTENSION_KEY = "genvoris-sandbox"
OFFSET_NAME = "clock_offset"


class SandboxClock:
    """Gives Unix seconds, and keeps over restarts how far it was moved.

    Args:
        base: The time that it is ahead of.
        store: Where it keeps how far.
    """

    def __init__(self, base: Callable[[], float], store: Store) -> None:
        self._base = base
        self._store = store
        with store.transaction() as db:
            self.offset = float(recall(db, OFFSET_NAME, 0.0))

    def __call__(self) -> float:
        """Give the time, in Unix seconds."""
        return self._base() + self.offset

    def advance(self, seconds: float) -> None:
        """Move by so many seconds."""
        self._keep(self.offset + seconds)

    def set(self, time: float) -> None:
        """Move to a time, in Unix seconds; from there it runs on."""
        self._keep(time - self._base())

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._keep(0.0)

    def _keep(self, offset: float) -> None:
        with self._store.transaction() as db:
            remember(db, OFFSET_NAME, offset)
            self.offset = offset


@dataclass(frozen=True)
class Context:
    """The parts of one sandbox.

    Attributes:
        lock: What keeps its folder from other processes, if anything.
        store: Its data.
        keys: What signs its tokens.
        issuer: What its tokens say in ``iss``.
        clock: Its time.
        courier: What takes news to the shop.
        calls: What was asked of it.
        fetch_image: Returns the bytes of the product picture at an address.
        faults: What shall go wrong.
        limiter: How much was asked lately.
        delay: Seconds that a try-on takes at least.
        sleep: Waits so many seconds.
    """

    lock: FolderLock | None
    store: Store
    keys: KeyRing
    issuer: str
    clock: SandboxClock
    courier: Courier
    calls: CallLog
    fetch_image: Callable[[str], bytes]
    delay: float
    sleep: Callable[[float], None]
    faults: Faults = field(default_factory=Faults)
    limiter: Limiter = field(default_factory=Limiter)


def context() -> Context:
    """Give the parts of the sandbox that this request is for."""
    found: Context = current_app.extensions[EXTENSION_KEY]
    return found
