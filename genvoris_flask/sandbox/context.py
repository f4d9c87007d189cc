"""The parts of a running sandbox, which its views get from ``context()``; and its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from .domain.signing_keys import KeyRing
from .domain.store import FolderLock, Store, get_value, set_value
from .domain.webhook_dispatcher import WebhookDispatcher
from .http.faults import Faults
from .http.rate_limits import FailedAuthentications, RateLimiter
from .http.request_log import RequestLog

EXTENSION_KEY = "genvoris-sandbox"
OFFSET_NAME = "clock_offset"


class SandboxClock:
    """A clock that can be moved; the store keeps its offset over restarts.

    Args:
        base: Returns the machine's time in Unix seconds.
        store: Stores the offset.

    Attributes:
        offset: How far this clock is ahead of the machine's, in seconds.
    """

    def __init__(self, base: Callable[[], float], store: Store) -> None:
        self._base = base
        self._store = store
        with store.transaction() as db:
            self.offset: float = float(get_value(db, OFFSET_NAME, 0.0))

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self._base() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by a number of seconds."""
        self._keep(self.offset + seconds)

    def set(self, time: float) -> None:
        """Move the clock to a time in Unix seconds; it keeps running from there."""
        self._keep(time - self._base())

    def reset(self) -> None:
        """Return to the machine's time."""
        self._keep(0.0)

    def _keep(self, offset: float) -> None:
        with self._store.transaction() as db:
            set_value(db, OFFSET_NAME, offset)
            self.offset = offset


@dataclass(frozen=True)
class Context:
    """The parts of one sandbox.

    Attributes:
        lock: The lock of the data folder, if it is served exclusively.
        store: The data.
        keys: The keys that sign session tokens.
        issuer: The ``iss`` claim of session tokens.
        clock: The sandbox's time.
        dispatcher: Delivers webhooks.
        calls: The log of requests.
        fetch_image: Returns the bytes of the product picture at an address.
        delay: The least time that a try-on takes, in seconds.
        sleep: Called with the seconds to wait.
        faults: The faults to inject.
        limiter: Counts what is rate limited.
        failures: Counts wrong keys.
    """

    lock: FolderLock | None
    store: Store
    keys: KeyRing
    issuer: str
    clock: SandboxClock
    dispatcher: WebhookDispatcher
    calls: RequestLog
    fetch_image: Callable[[str], bytes]
    delay: float
    sleep: Callable[[float], None]
    faults: Faults = field(default_factory=Faults)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    failures: FailedAuthentications = field(default_factory=FailedAuthentications)


def context() -> Context:
    """Return the sandbox that handles this request."""
    found: Context = current_app.extensions[EXTENSION_KEY]
    return found
