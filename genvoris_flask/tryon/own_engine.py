"""Makes try-ons with the shop's own function, and has Genvoris meter them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from ..api.client import GenvorisClient
from ..errors import (
    DeadlineError,
    MalformedAnswerError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from ..sessions.broker import SessionBroker
from ..sessions.shopper import Shopper
from .engine import AsShopper, Order
from .explain import refuse
from .paywall import Refusal, reason_against
from .photos import Photo
from .pictures import Picture, Quota, read_picture
from .product import Product

log = logging.getLogger("genvoris_flask.tryon")

EngineHook = Callable[[Photo, Product, Shopper | None], bytes | Picture]


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
        """Make a picture and give it once it is metered.

        Raises:
            ApiError: Genvoris refuses to meter it, so the picture is withheld.
            DeadlineError: It took too long.
            GenvorisError: Genvoris could not be asked whether the shopper may.
        """
        if refusal := self._refusal(order):
            return refuse(refusal)
        started = self._clock()
        made = self._function(order.photo, order.product, order.shopper)
        seconds = self._clock() - started
        picture = _checked(made)
        if seconds > self._timeout:
            raise DeadlineError(f"The shop's own engine took {seconds:.0f} s, which is too long.")
        return replace(picture, quota=self._meter(order, int(seconds * 1000), as_shopper))

    def _refusal(self, order: Order) -> Refusal | None:
        """Ask before the work is done. A guest has no plan that could be asked about."""
        if order.shopper is None:
            return None
        try:
            usage = self._client.customers.usage(self._broker.customer_id(order.shopper))
        except NotFoundError:
            return Refusal("no_plan", shopper=order.shopper, product=order.product)
        reason = reason_against(usage)
        if reason is None:
            return None
        return Refusal(reason, usage.used, usage.limit, order.shopper, order.product)

    def _meter(self, order: Order, milliseconds: int, as_shopper: AsShopper) -> Quota | None:
        product = order.product
        try:
            left = as_shopper(
                lambda token: self._client.tryons.track(
                    product_type=product.category,
                    generation_time_ms=milliseconds,
                    page_url=product.page_url,
                    product_title=product.title,
                    origin=order.origin,
                    end_customer_token=token,
                )
            ).quota
        except (UnreachableError, ServerError, MalformedAnswerError) as error:
            # It was allowed a moment ago and may well be metered: asking once more could charge
            # twice, and withholding could charge for nothing.
            log.error(  # noqa: TRY400  (our errors say it all)
                "It is not known whether Genvoris metered a try-on: %s", error
            )
            return None
        if left is None or left.limit is None:
            return None
        return Quota(left.used, left.limit, left.remaining)


def _checked(made: object) -> Picture:
    """Check what the shop's function gave.

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
