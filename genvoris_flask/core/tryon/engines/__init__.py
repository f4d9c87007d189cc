"""What makes a try-on's picture: Genvoris (``hosted``), or the shop's own function (``custom``).

Here is what an engine is, the token that it works with, and what becomes of its errors. ``ledger``
takes each try-on from the shopper's ledger first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from ....errors import GenvorisError, InvalidSessionTokenError, RateLimitedError
from ...images.photos import Picture
from ...pacing import DEFAULT_HOLD
from ...sessions import Shopper
from ...sessions.broker import SessionBroker
from ..error_mapping import ErrorMapper
from ..models import (
    Failure,
    Outcome,
    TryOnCancelledError,
    TryOnPostponedError,
    TryOnRequest,
)
from ..paywall import Refusal

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

T = TypeVar("T")
MINT_BUDGET = 15.0  # seconds; no page waits for it


class MintError(GenvorisError):
    """No token could be minted, so nothing was asked of Genvoris in the shopper's name.

    Attributes:
        error: Why.
    """

    def __init__(self, error: GenvorisError) -> None:
        self.error = error
        super().__init__(str(error))


class TokenSource:
    """Supplies the session token of one shopper. A guest has none.

    Args:
        broker: Mints and remembers tokens.
        shopper: Whose token it is; None for a guest.
    """

    def __init__(self, broker: SessionBroker, shopper: Shopper | None) -> None:
        self._broker = broker
        self._shopper = shopper

    def get(self) -> str | None:
        """Return the token, minted if there is none yet, or None for a guest.

        Raises:
            MintError: It could not be minted.
            TryOnPostponedError: Genvoris asks to wait.
        """
        if self._shopper is None:
            return None
        try:
            return self._broker.session(self._shopper, MINT_BUDGET).token
        except RateLimitedError as error:
            raise TryOnPostponedError(error.retry_after or DEFAULT_HOLD) from error
        except GenvorisError as error:
            raise MintError(error) from error

    def refresh(self) -> str | None:
        """Discard the token and return a new one.

        Raises:
            MintError: It could not be minted.
        """
        if self._shopper is not None:
            self._broker.forget(self._shopper)
        return self.get()

    def call(self, function: Callable[[str | None], T]) -> T:
        """Call a function with the token, and once more with a new one if it was revoked.

        Raises:
            MintError: There is no token.
            GenvorisError: What the function raises.
        """
        try:
            return function(self.get())
        except InvalidSessionTokenError:
            if self._shopper is None:
                raise
            return function(self.refresh())


class Engine(Protocol):
    """Makes try-ons and has them metered."""

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Return a picture, or why the shopper may not have one.

        Raises:
            MintError: The shopper has no token.
            TryOnCancelledError: It was cancelled before it could be charged.
            GenvorisError: Genvoris refused, could not be reached, or answered without a picture.
        """

    def charged(self, error: Exception, /) -> bool | None:
        """Return whether a try-on that ended in this error was charged; None if unknown."""


# The shop's own engine: it takes the photo, the product and the shopper (None for a guest). One
# with a parameter ``is_cancelled`` gets a function that returns whether the shopper has cancelled.
EngineHook = Callable[..., bytes | Picture]


def make_tryon(
    request: TryOnRequest, engine: Engine, tokens: TokenSource, errors: ErrorMapper
) -> Outcome:
    """Return a picture, or why there is none.

    Args:
        request: What is tried on, and by whom.
        engine: Makes the picture.
        tokens: The shopper's token.
        errors: Maps an error to the outcome.

    Raises:
        TryOnCancelledError: It was cancelled before it could be charged.
        TryOnPostponedError: Genvoris asks to wait.
    """
    try:
        outcome = engine.make(request, tokens)
    except MintError as error:
        assert request.shopper is not None  # noqa: S101  (guests need no token)
        return errors.explain_mint(error.error, request.shopper, request.product)
    except (TryOnCancelledError, TryOnPostponedError):
        raise
    except GenvorisError as error:
        explained = errors.explain(error, request.shopper, request.product)
        if isinstance(explained, Failure):
            return replace(explained, charged=engine.charged(error))
        return explained
    except Exception as error:
        log.exception("A try-on failed")
        return Failure("internal_error", charged=engine.charged(error))
    return errors.refuse(outcome) if isinstance(outcome, Refusal) else outcome
