"""Takes one try-on from a shopper's ledger before it is made, and settles it by what became of it.

A picture that is shown commits the reservation, and everything else releases it: whoever gets no
picture keeps the try-on.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta

from ...errors import (
    LedgerUnavailableError,
    MalformedAnswerError,
    ServerError,
    UnreachableError,
)
from ..api.response import NoConnectionError
from ..images.photos import Quota
from ..ledger.models import Balance, Reservation, Spending
from ..products import Product
from ..sessions import Shopper
from .error_mapping import code_of
from .jobs import JobExpiredError
from .models import TryOnCancelledError, TryOnPostponedError
from .paywall import Refusal

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

ONCE = timedelta(days=1)  # as long as a key names its job
UNDER_WAY_SECONDS = 2.0


class Spender:
    """Reserves and settles try-ons.

    Args:
        ledger: Has the shoppers' try-ons.
        notify: Called with a shopper and a sale of theirs that should be paid back.
    """

    def __init__(self, ledger: Spending, notify: Callable[[Shopper, str], None]) -> None:
        self._ledger = ledger
        self._notify = notify

    def reserve(
        self, shopper: Shopper, key: str, *, is_rerun: bool = False, is_once: bool = False
    ) -> str | None:
        """Reserve a try-on for one picture; return the reservation's key, or None if none is left.

        Args:
            shopper: Who tries on.
            key: The try-on's idempotency key. One that was used before is no way to a second
                picture for nothing, so it then gets a reservation of its own.
            is_rerun: Whether an earlier attempt at this try-on may have reserved it.
            is_once: Whether a key makes one picture a day. Repeats are usually known by their job;
                this one's was lost, as by a Redis that lost its data.

        Raises:
            TryOnPostponedError: The key's picture is being made elsewhere.
            JobExpiredError: It was made.
        """
        found = self._find_or_open(shopper, key)
        if found is None or found.is_new or is_rerun:
            return key if found else None
        if is_once and found.age < ONCE:
            if found.state == "open":
                raise TryOnPostponedError(UNDER_WAY_SECONDS)
            raise JobExpiredError("This try-on was made before, and its picture is not known here.")
        another = f"{key}/{secrets.token_hex(8)}"
        return another if self._find_or_open(shopper, another) else None

    def _find_or_open(self, shopper: Shopper, key: str) -> Reservation | None:
        return self._ledger.reserve(shopper.external_id, key, verified_email=shopper.verified_email)

    def commit(self, shopper: Shopper, key: str) -> None:
        """Count a picture, which may be shown from now on."""
        if not self._ledger.commit(shopper.external_id, key):
            log.warning(
                "A picture took so long that its reservation had lapsed, and the shopper has no "
                "try-on left. It was delivered without being counted."
            )

    def release(
        self,
        shopper: Shopper,
        key: str,
        error: BaseException | None = None,
        cause: BaseException | None = None,
    ) -> None:
        """Give back a try-on of which no picture is shown.

        Args:
            shopper: Whose it is.
            key: The reservation's key.
            error: What went wrong; None if Genvoris or the shop refused.
            cause: What is behind the error, if that only passes another one on.
        """
        if may_have_cost(error):
            log.warning(
                "Genvoris was asked for a picture and no usable answer came, so a credit may be "
                "gone. The shopper was charged nothing."
            )
        waits = isinstance(error, TryOnCancelledError | TryOnPostponedError)
        failed = isinstance(error, Exception) and not waits
        reason = code_of(cause or error) if failed else None
        self._ledger.release(shopper.external_id, key, failed=failed, reason=reason)
        if failed and (sale := self._ledger.failed_sale(key)):
            log.warning("%s has failed three times in a row: consider to pay it back.", sale)
            self._notify(shopper, sale)

    def undo(self, shopper: Shopper, key: str) -> None:
        """Give back a try-on whose picture came when its shopper had been told that it failed."""
        try:
            was_counted = self._ledger.undo(shopper.external_id, key)
        except LedgerUnavailableError as error:
            log.error("A try-on without a picture could not be given back: %s", error)  # noqa: TRY400
        else:
            if was_counted:
                log.warning(
                    "A picture came after its try-on had failed for the shopper, who was charged "
                    "nothing. A credit may be gone."
                )

    def balance(self, shopper: Shopper) -> Balance:
        """Return what a shopper has."""
        return self._ledger.balance(shopper.external_id, verified_email=shopper.verified_email)

    def quota(self, shopper: Shopper) -> Quota | None:
        """Return what a shopper has as a quota; None if it cannot be read."""
        try:
            return quota_of(self.balance(shopper))
        except LedgerUnavailableError as error:
            log.warning("A shopper's balance could not be read: %s", error)
            return None

    def refusal(self, shopper: Shopper, product: Product | None = None) -> Refusal:
        """Return why a shopper without an available try-on is refused."""
        return refusal_of(self.balance(shopper), shopper, product)


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


def may_have_cost(error: BaseException | None) -> bool:
    """Return whether a try-on that failed in this way may have cost the shop a credit."""
    if isinstance(error, NoConnectionError):
        return False
    return isinstance(error, UnreachableError | ServerError | MalformedAnswerError)
