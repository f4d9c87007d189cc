"""One try-on from start to end, as it runs on a thread of the pool."""

from __future__ import annotations

from ...errors import GenvorisError
from .engines.base import Engine, MintError, TokenSource
from .error_mapping import ErrorMapper
from .models import Outcome, TryOnRequest
from .paywall import Refusal


class TryOnTask:
    """Makes one try-on. It is called once.

    Args:
        request: What is tried on, and by whom.
        engine: Makes the picture.
        tokens: The shopper's token.
        errors: Maps an error to the task's outcome.
    """

    def __init__(
        self, request: TryOnRequest, engine: Engine, tokens: TokenSource, errors: ErrorMapper
    ) -> None:
        self._request = request
        self._engine = engine
        self._tokens = tokens
        self._errors = errors

    def __call__(self) -> Outcome:
        """Return the picture, or why there is none. Errors of Genvoris's are not raised."""
        request = self._request
        try:
            outcome = self._engine.make(request, self._tokens)
        except MintError as error:
            assert request.shopper is not None  # noqa: S101  (guests need no token)
            return self._errors.explain_mint(error.error, request.shopper, request.product)
        except GenvorisError as error:
            return self._errors.explain(error, request.shopper, request.product)
        return self._errors.refuse(outcome) if isinstance(outcome, Refusal) else outcome
