"""Makes try-ons with the shop's own function and has Genvoris meter them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ....errors import DeadlineError, MalformedAnswerError, NotFoundError
from ...api.client import GenvorisClient
from ...api.models import Usage
from ...images.photos import Picture, read_picture
from ...sessions.broker import SessionBroker
from ...sessions.shopper import Shopper
from ..models import TryOnRequest
from ..paywall import Refusal, reason_against
from .base import EngineHook, TokenSource
from .metering import Meter


class CustomEngine:
    """Checks the shopper's quota, calls the shop's function, and has the picture metered.

    Args:
        function: What the shop registered with ``@genvoris.tryon_engine``.
        client: Asks for usage and meters.
        broker: Knows Genvoris's id of a shopper.
        timeout: Seconds after which a picture is too late: it is neither returned nor metered.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        function: EngineHook,
        client: GenvorisClient,
        broker: SessionBroker,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._function = function
        self._client = client
        self._broker = broker
        self._timeout = timeout
        self._clock = clock

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Make a picture and return it once it is metered.

        Raises:
            ApiError: Genvoris refuses to meter it, so the picture is withheld.
            DeadlineError: It took too long.
            MintError: The shopper has no token.
            GenvorisError: The shopper's usage could not be read.
        """
        tokens.get()  # registers a new shopper, and fails before any work is done
        before = self._usage(request.shopper)
        if refusal := _refusal(request, before):
            return refusal
        started = self._clock()
        made = self._function(request.photo, request.product, request.shopper)
        seconds = self._clock() - started
        picture = _checked(made)
        if seconds > self._timeout:
            raise DeadlineError(f"The shop's own engine took {seconds:.0f} s, which is too long.")
        meter = Meter(self._client, tokens, lambda: self._usage(request.shopper))
        quota = meter.charge(request.product, request.origin, int(seconds * 1000), before)
        return replace(picture, quota=quota)

    def _usage(self, shopper: Shopper | None) -> Usage | None:
        """Return a shopper's usage; None for a guest, or one whom Genvoris does not know."""
        if shopper is None:
            return None
        try:
            return self._client.customers.usage(self._broker.customer_id(shopper))
        except NotFoundError:
            return None


def _refusal(request: TryOnRequest, usage: Usage | None) -> Refusal | None:
    """Return why the shopper may not try on. A guest has no plan that could run out."""
    shopper, product = request.shopper, request.product
    if shopper is None:
        return None
    if usage is None:
        return Refusal("no_plan", shopper=shopper, product=product)
    reason = reason_against(usage)
    return Refusal(reason, usage.used, usage.limit, shopper, product) if reason else None


def _checked(made: object) -> Picture:
    """Return what the shop's function returned, as a picture.

    Raises:
        TypeError: It is neither bytes nor a Picture.
        ValueError: Browsers cannot show it.
    """
    if isinstance(made, Picture):
        made = made.data
    if not isinstance(made, bytes | bytearray | memoryview):
        raise TypeError(
            "The function registered with @genvoris.tryon_engine must return the picture's bytes "
            f"or a genvoris_flask.Picture, not {type(made).__name__}."
        )
    try:
        return read_picture(bytes(made))
    except MalformedAnswerError as error:
        raise ValueError(f"The function registered with @genvoris.tryon_engine: {error}") from None
