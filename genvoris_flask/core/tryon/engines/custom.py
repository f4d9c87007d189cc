"""Makes try-ons with the shop's own function, and has Genvoris meter each exactly once."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from ....errors import (
    BadRequestError,
    DeadlineError,
    ForbiddenError,
    GenvorisError,
    MalformedAnswerError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from ...api.client import GenvorisClient
from ...api.models import Tracked, Usage
from ...api.response import NoConnectionError
from ...images.photos import Picture, Quota, read_picture
from ...products import Product
from ...sessions import Shopper
from ...sessions.broker import SessionBroker
from ..models import TryOnDiscardedError, TryOnRequest
from ..paywall import Refusal, reason_against
from . import EngineHook, TokenSource

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


class CustomEngine:
    """Checks the shopper's quota, calls the shop's function, and has the picture metered.

    Args:
        function: What the shop registered with ``@genvoris.tryon_engine``.
        client: Asks for usage and meters.
        broker: Knows Genvoris's id of a shopper.
        timeout: Seconds after which a picture is too late: it is neither returned nor metered.
        clock: A monotonic clock, in seconds.
        report: Called with the shop's credits that are left, if Genvoris says so.
    """

    def __init__(
        self,
        function: EngineHook,
        client: GenvorisClient,
        broker: SessionBroker,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[int], object] = lambda _left: None,
    ) -> None:
        self._report = report
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
            TryOnDiscardedError: It was cancelled, so its picture is not metered.
            GenvorisError: The shopper's usage could not be read.
        """
        tokens.get()  # registers a new shopper, and fails before any work is done
        before = self._usage(request.shopper)
        if refusal := _refusal(request, before):
            return refusal
        try:
            picture, seconds = self._make_picture(request)
            request.cancellation.begin_charging()  # not before: only metering charges the shopper
        except Exception as error:
            if request.cancellation.is_cancelled():  # the reason, whatever the function made of it
                raise TryOnDiscardedError("The try-on was cancelled while it was made.") from error
            raise
        if request.rerun and request.rerun.may_be_charged:
            log.warning("A worker died while it metered a try-on, so it is not metered again.")
            return picture
        meter = Meter(self._client, tokens, lambda: self._usage(request.shopper), self._report)
        quota = meter.charge(request.product, request.origin, int(seconds * 1000), before)
        return replace(picture, quota=quota)

    def charged(self, _error: Exception) -> bool:
        """Return False: an error is raised only if nothing was metered."""
        return False

    def _make_picture(self, request: TryOnRequest) -> tuple[Picture, float]:
        """Return what the shop's function made, and in how many seconds."""
        started = self._clock()
        made = self._call(request)
        seconds = self._clock() - started
        request.cancellation.check()
        picture = _checked(made)
        if seconds > self._timeout:
            raise DeadlineError(f"The shop's own engine took {seconds:.0f} s, which is too long.")
        return picture, seconds

    def _call(self, request: TryOnRequest) -> object:
        arguments = (request.photo, request.product, request.shopper)
        if "is_cancelled" in inspect.signature(self._function).parameters:
            return self._function(*arguments, is_cancelled=request.cancellation.is_cancelled)
        return self._function(*arguments)

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


class Meter:
    """Meters one picture.

    Args:
        client: Calls Genvoris.
        tokens: The shopper's token.
        usage: Returns the shopper's usage; None for a guest.
        report: Called with the shop's credits that are left, if Genvoris says so.
    """

    def __init__(
        self,
        client: GenvorisClient,
        tokens: TokenSource,
        usage: Callable[[], Usage | None],
        report: Callable[[int], object],
    ) -> None:
        self._report = report
        self._client = client
        self._tokens = tokens
        self._usage = usage

    def charge(
        self, product: Product, origin: str, milliseconds: int, before: Usage | None
    ) -> Quota | None:
        """Meter the picture and return the shopper's quota afterwards, if it is known.

        Args:
            product: What was tried on.
            origin: The shop's own address.
            milliseconds: How long the picture took.
            before: The shopper's usage before the picture was made.

        Raises:
            ApiError: Genvoris refuses, or failed and did not meter it.
            MintError: Genvoris was not asked, since the shopper has no token.
            UnreachableError: Genvoris was not asked, since no connection could be made.
        """
        try:
            tracked = self._track(product, origin, milliseconds)
        except NoConnectionError:
            raise
        except (UnreachableError, ServerError, MalformedAnswerError) as error:
            return self._settle(error, before)
        if tracked.remaining_credits is not None:
            self._report(tracked.remaining_credits)
        left = tracked.quota
        if left is None or left.limit is None:
            return None
        return Quota(left.used, left.limit, left.remaining)

    def _track(self, product: Product, origin: str, milliseconds: int) -> Tracked:
        """Report the picture, again without the browser's fields if Genvoris refuses those.

        The shop's own address is one of them, since anybody can write a Host header. A refused
        request charges nothing.
        """

        def ask(
            page_url: str | None = None,
            product_title: str | None = None,
            origin: str | None = None,
        ) -> Tracked:
            return self._tokens.call(
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
        """Determine by the shopper's usage whether a picture was metered.

        Reporting it again could charge twice. A server that failed and did not count the picture
        has not charged for it. If its answer was lost, it may still count the picture, so the
        shopper gets it.

        Raises:
            GenvorisError: It was not metered.
        """
        after = None
        if before is not None:
            try:
                after = self._usage()
            except GenvorisError as fault:
                log.warning("A shopper's usage could not be read: %s", fault)
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
    if after.period_start != before.period_start:  # a new period began meanwhile
        return after.used > 0
    return after.used > before.used
