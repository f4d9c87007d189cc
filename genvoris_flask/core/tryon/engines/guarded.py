"""Has try-ons made by another engine, unless the shop's credits are being spent too fast."""

from __future__ import annotations

from collections.abc import Callable

from ...images.photos import Picture
from ..burn_guard import BurnGuard, Tier
from ..models import TryOnCancelledError, TryOnPostponedError, TryOnRequest
from ..paywall import Refusal
from . import Engine, MintError, TokenSource


class GuardedEngine:
    """Has a try-on made unless credits are being spent too fast.

    Args:
        engine: Makes the picture.
        guard: Counts credits.
        tier: Returns whom a try-on is for.
    """

    def __init__(
        self, engine: Engine, guard: BurnGuard, tier: Callable[[TryOnRequest], Tier]
    ) -> None:
        self._engine = engine
        self._guard = guard
        self._tier = tier

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Return a picture, or why the shopper may not have one.

        Raises:
            TryOnPostponedError: Try-ons are paused.
            GenvorisError: What the engine raises.
        """
        if wait := self._guard.take(lambda: self._tier(request)):
            raise TryOnPostponedError(wait)
        try:
            outcome = self._engine.make(request, tokens)
        except (MintError, TryOnCancelledError, TryOnPostponedError):  # nothing was asked for
            self._guard.give_back()
            raise
        except Exception as error:
            if self._engine.charged(error) is False:
                self._guard.give_back()
            raise
        if isinstance(outcome, Refusal):
            self._guard.give_back()
        return outcome

    def charged(self, error: Exception) -> bool | None:
        """Return what the engine returns."""
        return self._engine.charged(error)
