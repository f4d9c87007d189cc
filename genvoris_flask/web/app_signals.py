"""Sends what happens to shoppers as signals of an app."""

from __future__ import annotations

from flask import Flask

from ..core.api.models import Session
from ..core.sessions import Shopper
from ..core.tryon.paywall import Refusal
from ..errors import GenvorisError
from ..signals import (
    credits_depleted,
    customer_linked,
    quota_exhausted,
    session_failed,
    session_minted,
)


class AppSignals:
    """Listens to the parts of an app. Receivers run in the app's context, on any thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def minted(self, shopper: Shopper, session: Session) -> None:
        """Send ``session_minted``."""
        with self._app.app_context():
            session_minted.send(self._app, shopper=shopper, session=session)

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        """Send ``session_failed``."""
        with self._app.app_context():
            session_failed.send(self._app, shopper=shopper, error=error)

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        """Send ``customer_linked``."""
        with self._app.app_context():
            customer_linked.send(self._app, shopper=shopper, customer_id=customer_id)

    def refused(self, refusal: Refusal) -> None:
        """Send ``credits_depleted`` or ``quota_exhausted``."""
        # Already in a context: a request's, or that of a try-on's thread.
        signal = credits_depleted if refusal.kind == "unavailable" else quota_exhausted
        signal.send(self._app, refusal=refusal)
