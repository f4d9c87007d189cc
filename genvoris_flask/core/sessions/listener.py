"""What is told of sessions, to whoever wants to know."""

from __future__ import annotations

from typing import Protocol

from ...errors import GenvorisError
from ..api.models import Session
from .shopper import Shopper


class BrokerEvents(Protocol):
    """What the broker tells about."""

    def minted(self, shopper: Shopper, session: Session) -> None:
        """A new token was minted."""

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        """A token could not be minted."""

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        """Genvoris's id of this shopper became known and is not what the shop said."""
