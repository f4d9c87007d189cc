"""What all processes of a shop share: tokens, and the right to mint one. By default, nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ..api.models import Session


class SharedSessions(Protocol):
    """Where processes find each other's tokens. It never raises for being away itself."""

    def get(self, external_id: str) -> Session | None:
        """Give another process's token, with over a minute left."""

    def put(self, external_id: str, session: Session) -> None:
        """Let the others have this token."""

    def drop(self, external_id: str) -> None:
        """Take a token from all processes."""

    def minting(self, external_id: str, seconds: float) -> AbstractContextManager[None]:
        """Wait for the right to mint for this shopper, and hold it.

        Raises:
            DeadlineError: Another process held it all the time.
        """

    def on_drop(self, listener: Callable[[str], None]) -> None:
        """Call when another process drops a shopper's token."""


class NullSharedSessions:
    """For a shop of one process."""

    def get(self, _external_id: str) -> Session | None:
        """There are no others."""
        return None

    def put(self, _external_id: str, _session: Session) -> None:
        """There are no others."""

    def drop(self, _external_id: str) -> None:
        """There are no others."""

    def minting(self, _external_id: str, _seconds: float) -> AbstractContextManager[None]:
        """The one process sees to it itself."""
        return nullcontext()

    def on_drop(self, _listener: Callable[[str], None]) -> None:
        """There are no others."""
