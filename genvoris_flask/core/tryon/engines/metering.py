"""Has Genvoris meter a picture of the shop's own engine, once, and finds out whether it did."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ....errors import (
    BadRequestError,
    ForbiddenError,
    GenvorisError,
    MalformedAnswerError,
    ServerError,
    UnreachableError,
)
from ...api.client import GenvorisClient
from ...api.models import Tracked, Usage
from ...api.response import NoConnectionError
from ...images.pictures import Quota
from ...products import Product
from .base import AsShopper

log = logging.getLogger("genvoris_flask.tryon")


class Meter:
    """Meters one picture.

    Args:
        client: Meters.
        as_shopper: Calls with the shopper's token.
        usage: Asks where the shopper stands; None for a guest.
    """

    def __init__(
        self,
        client: GenvorisClient,
        as_shopper: AsShopper,
        usage: Callable[[], Usage | None],
    ) -> None:
        self._client = client
        self._as_shopper = as_shopper
        self._usage = usage

    def charge(
        self, product: Product, origin: str, milliseconds: int, before: Usage | None
    ) -> Quota | None:
        """Meter the picture, and return where the shopper stands then, as far as it is known.

        Args:
            product: What was tried on.
            origin: The shop's own address.
            milliseconds: How long the picture took.
            before: Where the shopper stood before.

        Raises:
            ApiError: Genvoris refuses, or failed and did not meter it.
            UnreachableError: Genvoris was never asked, since no connection could be made.
        """
        try:
            left = self._track(product, origin, milliseconds).quota
        except NoConnectionError:
            raise
        except (UnreachableError, ServerError, MalformedAnswerError) as error:
            return self._settle(error, before)
        if left is None or left.limit is None:
            return None
        return Quota(left.used, left.limit, left.remaining)

    def _track(self, product: Product, origin: str, milliseconds: int) -> Tracked:
        """Ask once; once more without what the browser sent if Genvoris could not use that.

        The shop's own address is among it: anybody can write a Host header. A request that was
        refused charged nothing.
        """

        def ask(
            page_url: str | None = None,
            product_title: str | None = None,
            origin: str | None = None,
        ) -> Tracked:
            return self._as_shopper(
                lambda token: self._client.tryons.track(
                    product_type=product.category,
                    generation_time_ms=milliseconds,
                    page_url=page_url,
                    product_title=product_title,
                    origin=origin,
                    end_customer_token=token,
                )
            )

        try:
            return ask(product.page_url, product.title, origin)
        except (BadRequestError, ForbiddenError) as error:
            if isinstance(error, ForbiddenError) and error.code != "domain_not_allowed":
                raise
            log.warning("Genvoris could not use what a browser sent of its page: %s", error)
            return ask()

    def _settle(self, error: GenvorisError, before: Usage | None) -> Quota | None:
        """Find out by the shopper's usage whether a picture was metered.

        Asking to meter it once more could charge twice. A server that failed and did not count it
        has not charged; where the answer was lost on its way it may still be counted, so the
        picture is given.

        Raises:
            GenvorisError: It was not metered.
        """
        after = None
        if before is not None:
            try:
                after = self._usage()
            except GenvorisError as fault:
                log.warning("Genvoris could not be asked for a shopper's usage: %s", fault)
        if before is None or after is None:
            log.error("It is not known whether Genvoris metered a try-on: %s", error)
            return None
        if _has_grown(before, after):
            log.warning("Genvoris metered a try-on, but did not say so: %s", error)
            return None if after.limit is None else Quota(after.used, after.limit, after.remaining)
        if isinstance(error, ServerError):
            log.error("Genvoris failed to meter a try-on, so its picture is withheld.")
            raise error
        log.error("Genvoris has not metered a try-on yet, and may do so: %s", error)
        return None


def _has_grown(before: Usage, after: Usage) -> bool:
    if after.period_start != before.period_start:  # a new period has begun meanwhile
        return after.used > 0
    return after.used > before.used
