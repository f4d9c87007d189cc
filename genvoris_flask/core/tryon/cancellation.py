"""Decides whether a try-on was cancelled for nothing, or may be charged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from ...errors import GenvorisError, StoreUnavailableError


class TryOnCancelledError(GenvorisError):
    """The shopper cancelled the try-on before anything was charged. Its picture is not wanted."""


class Cancellation:
    """What the owner and the engine of one try-on agree on: cancelled, or begun to be charged.

    Whichever comes first decides, once and for all. A queue of jobs binds it to what all processes
    share; unbound, it decides within this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._is_charging = False
        self._record: Callable[[], bool] | None = None
        self._is_recorded = False

    def __reduce__(self) -> tuple[type[Cancellation], tuple[()]]:
        """Pickle as a new one, since another process binds it to what all of them share."""
        return Cancellation, ()

    def bind(self, record: Callable[[], bool]) -> None:
        """Set what records that charging begins; it returns False if that is too late.

        It may raise ``StoreUnavailableError``. Then this process decides by itself.
        """
        self._record = record

    @property
    def is_charging(self) -> bool:
        """Whether charging has begun."""
        return self._is_charging

    def is_cancelled(self) -> bool:
        """Return whether nobody waits for the picture any more. It may have been charged."""
        return self._is_cancelled

    def check(self) -> None:
        """Raise TryOnCancelledError if the try-on was cancelled."""
        if self._is_cancelled:
            raise TryOnCancelledError("The try-on was cancelled.")

    def cancel(self) -> bool:
        """Cancel, and return whether nothing is charged."""
        with self._lock:
            self._is_cancelled = True
            return not self._is_charging

    def begin_charging(self) -> None:
        """Rule out that cancelling is free; call it before a request that may be charged.

        Raises:
            TryOnCancelledError: The try-on was cancelled before, so do not make it.
        """
        with self._lock:
            if self._is_charging:
                return
            if self._is_cancelled:
                raise TryOnCancelledError("The try-on was cancelled.")
            self._is_charging = True
        with suppress(StoreUnavailableError):
            if not self.record():
                self._is_charging, self._is_cancelled = False, True
                raise TryOnCancelledError("The try-on was cancelled.")

    def record(self) -> bool:
        """Record, unless it is recorded, that charging has begun. Return whether that was in time.

        Raises:
            StoreUnavailableError: Call it again later.
        """
        if self._is_charging and not self._is_recorded and self._record is not None:
            in_time = self._record()
            self._is_recorded = True
            return in_time
        return True
