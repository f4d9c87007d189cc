"""Takes each try-on from the shopper's ledger before another engine makes it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from ....errors import CustomerInactiveError, QuotaError
from ...images.photos import Picture
from ...sessions import Shopper
from ..models import TryOnRequest
from ..paywall import Refusal
from ..spending import Spender
from . import Engine, MintError, TokenSource


class UnlimitedEngine:
    """Has a try-on made whatever plan of the shopper's Genvoris knows: the shop decides.

    Args:
        engine: Makes the picture.
        lift_ceiling: Puts a shopper whom Genvoris refuses on the plan that refuses nobody.
    """

    def __init__(self, engine: Engine, lift_ceiling: Callable[[Shopper], None]) -> None:
        self._engine = engine
        self._lift_ceiling = lift_ceiling

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Return a picture. Raise what the engine raises."""
        try:
            return self._engine.make(request, tokens)
        except (QuotaError, MintError) as error:
            if request.shopper is None or not is_plan_refusal(error):
                raise
            self._lift_ceiling(request.shopper)
            return self._engine.make(request, tokens)

    def charged(self, error: Exception) -> bool | None:
        """Return what the engine returns."""
        return self._engine.charged(error)


def is_plan_refusal(error: BaseException | None) -> bool:
    """Return whether Genvoris refused a shopper for a plan or a state of theirs that it knows.

    These are from when the shop had no ledger: the plan is used up, paused or cancelled there.
    """
    cause = error.error if isinstance(error, MintError) else error
    return isinstance(cause, QuotaError | CustomerInactiveError)


class LedgerEngine:
    """Reserves a try-on, has it made, and settles the reservation.

    Args:
        engine: Makes the picture.
        spender: Reserves and settles.
    """

    def __init__(self, engine: Engine, spender: Spender) -> None:
        self._engine = engine
        self._spender = spender

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Return a picture, or why the shopper may not have one.

        Raises:
            LedgerUnavailableError: The ledger cannot be asked, so nothing was made.
            TryOnPostponedError: It is being made elsewhere, or Genvoris asks to wait.
            JobExpiredError: It was made before.
            MintError: The shopper has no token.
            GenvorisError: What the engine raises.
        """
        shopper, spender = request.shopper, self._spender
        if shopper is None:  # a guest's try-ons are limited by the day
            return self._engine.make(request, tokens)
        is_rerun = request.rerun is not None
        key = spender.reserve(shopper, request.key, is_rerun=is_rerun, is_once=True)
        if key is None:
            return spender.refusal(shopper, request.product)
        try:
            outcome = self._engine.make(replace(request, key=key), tokens)
        except BaseException as error:
            spender.release(shopper, key, error, cause=_cause_of(error))
            raise
        if isinstance(outcome, Refusal):
            spender.release(shopper, key)
            return outcome
        spender.commit(shopper, key)
        request.cancellation.on_unseen(functools.partial(spender.undo, shopper, key))
        return replace(outcome, quota=spender.quota(shopper))

    def charged(self, _error: Exception) -> bool:
        """Return False: whoever gets no picture keeps the try-on."""
        return False


def _cause_of(error: BaseException) -> BaseException:
    return error.error if isinstance(error, MintError) else error
