"""Takes each try-on from the shopper's ledger before another engine makes it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from ....errors import QuotaError, UnreachableError
from ...images.photos import Picture, Quota
from ...ledger.models import Balance, Spending
from ...products import Product
from ...sessions import Shopper
from ..models import TryOnCancelledError, TryOnRequest
from ..paywall import Refusal
from . import Engine, TokenSource

log = logging.getLogger("genvoris_flask.tryon")


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
        except QuotaError:
            if request.shopper is None:
                raise
            self._lift_ceiling(request.shopper)  # Genvoris knows an older plan of theirs
            return self._engine.make(request, tokens)

    def charged(self, error: Exception) -> bool | None:
        """Return what the engine returns."""
        return self._engine.charged(error)


class LedgerEngine:
    """Reserves a try-on, has it made, and settles the reservation.

    A picture commits it, and everything else releases it: whoever gets no picture keeps the try-on.

    Args:
        engine: Makes the picture.
        ledger: Has the shoppers' try-ons.
        notify: Called with a shopper and a sale of theirs that should be paid back.
    """

    def __init__(
        self, engine: Engine, ledger: Spending, notify: Callable[[Shopper, str], None]
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._notify = notify

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        """Return a picture, or why the shopper may not have one.

        Raises:
            LedgerUnavailableError: The ledger cannot be asked, so nothing was made.
            MintError: The shopper has no token.
            GenvorisError: What the engine raises.
        """
        shopper = request.shopper
        if shopper is None:  # a guest's try-ons are limited by the day
            return self._engine.make(request, tokens)
        email = shopper.verified_email
        if self._ledger.reserve(shopper.external_id, request.key, verified_email=email) is None:
            return refusal_of(self._balance(shopper), shopper, request.product)
        try:
            outcome = self._engine.make(request, tokens)
        except BaseException as error:
            self._release(request, shopper, error)
            raise
        if isinstance(outcome, Refusal):
            self._ledger.release(shopper.external_id, request.key)
            return outcome
        if not self._ledger.commit(shopper.external_id, request.key):
            log.warning(
                "A picture took so long that its reservation had lapsed, and the shopper has no "
                "try-on left. It was delivered without being counted."
            )
        return replace(outcome, quota=quota_of(self._balance(shopper)))

    def _balance(self, shopper: Shopper) -> Balance:
        return self._ledger.balance(shopper.external_id, verified_email=shopper.verified_email)

    def charged(self, _error: Exception) -> bool:
        """Return False: whoever gets no picture keeps the try-on."""
        return False

    def _release(self, request: TryOnRequest, shopper: Shopper, error: BaseException) -> None:
        if isinstance(error, UnreachableError):
            log.warning(
                "Genvoris was asked for a picture and no answer came, so a credit may be gone. "
                "The shopper was charged nothing."
            )
        failed = isinstance(error, Exception) and not isinstance(error, TryOnCancelledError)
        self._ledger.release(shopper.external_id, request.key, failed=failed)
        if failed and (sale := self._ledger.failed_sale(request.key)):
            log.warning("%s has failed three times in a row: consider to pay it back.", sale)
            self._notify(shopper, sale)


def quota_of(balance: Balance) -> Quota:
    """Return a balance in the terms of a quota."""
    used = sum(lot.used + lot.reserved for lot in balance.lots)
    return Quota(used=used, limit=used + balance.available, remaining=balance.available)


def refusal_of(balance: Balance, shopper: Shopper, product: Product | None) -> Refusal:
    """Return why a shopper without an available try-on is refused."""
    quota = quota_of(balance)
    if balance.held:
        return Refusal("paused", quota.used, quota.limit, shopper, product)
    if not balance.lots:
        return Refusal("no_plan", shopper=shopper, product=product)
    return Refusal("quota_exhausted", quota.used, quota.limit, shopper, product)
