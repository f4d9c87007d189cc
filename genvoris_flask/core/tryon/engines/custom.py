"""Makes try-ons with the shop's own function, and has Genvoris meter them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ....errors import DeadlineError, MalformedAnswerError, NotFoundError
from ...api.client import GenvorisClient
from ...api.models import Usage
from ...images.pictures import Picture, read_picture
from ...sessions.broker import SessionBroker
from ...sessions.shopper import Shopper
from ..error_mapping import refuse
from ..paywall import Refusal, reason_against
from .base import AsShopper, EngineHook, Order
from .metering import Meter


class OwnEngine:
    """Asks whether the shopper may, calls the shop's function, and has the picture metered.

    Args:
        function: What the shop registered with ``@genvoris.tryon_engine``.
        client: Asks for usage and meters.
        broker: Knows Genvoris's id of a shopper.
        timeout: Seconds after which a picture comes too late: it is neither given nor metered.
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

    def make(self, order: Order, as_shopper: AsShopper) -> Picture | Refusal:
        """Make a picture and return it once it is metered.

        Raises:
            ApiError: Genvoris refuses to meter it, so the picture is withheld.
            DeadlineError: It took too long.
            GenvorisError: Genvoris could not be asked whether the shopper may.
        """
        before = self._usage(order.shopper)
        if refusal := _refusal(order, before):
            return refuse(refusal)
        started = self._clock()
        made = self._function(order.photo, order.product, order.shopper)
        seconds = self._clock() - started
        picture = _checked(made)
        if seconds > self._timeout:
            raise DeadlineError(f"The shop's own engine took {seconds:.0f} s, which is too long.")
        meter = Meter(self._client, as_shopper, lambda: self._usage(order.shopper))
        quota = meter.charge(order.product, order.origin, int(seconds * 1000), before)
        return replace(picture, quota=quota)

    def _usage(self, shopper: Shopper | None) -> Usage | None:
        """Return where a shopper stands. None: a guest, or one whom Genvoris does not know."""
        if shopper is None:
            return None
        try:
            return self._client.customers.usage(self._broker.customer_id(shopper))
        except NotFoundError:
            return None


def _refusal(order: Order, usage: Usage | None) -> Refusal | None:
    """Return why the work is not to be done. A guest has no plan that could be in the way."""
    if order.shopper is None:
        return None
    if usage is None:
        return Refusal("no_plan", shopper=order.shopper, product=order.product)
    reason = reason_against(usage)
    if reason is None:
        return None
    return Refusal(reason, usage.used, usage.limit, order.shopper, order.product)


def _checked(made: object) -> Picture:
    """Return the picture that the shop's function gave.

    Raises:
        TypeError: It is neither bytes nor a Picture.
        ValueError: It is no picture that browsers show.
    """
    if isinstance(made, Picture):
        made = made.data
    if not isinstance(made, bytes | bytearray | memoryview):
        raise TypeError(
            "The function registered with @genvoris.tryon_engine must give the picture's bytes or "
            f"a genvoris_flask.Picture, not {type(made).__name__}."
        )
    try:
        return read_picture(bytes(made))
    except MalformedAnswerError as error:
        raise ValueError(f"The function registered with @genvoris.tryon_engine: {error}") from None
