"""Says what an error from Genvoris means to the shopper, and tells the merchant's log."""

from __future__ import annotations

import logging

from ... import errors
from ...errors import QuotaReason
from ...signals import credits_depleted, quota_exhausted
from ...web.state import get_state
from ..products import Product
from ..sessions.shopper import Shopper
from .error_codes import meaning_of
from .outcomes import Failure
from .paywall import Refusal

log = logging.getLogger("genvoris_flask.tryon")


def explain(
    error: errors.GenvorisError, shopper: Shopper | None, product: Product | None = None
) -> Failure | Refusal:
    """Give what a try-on's error means."""
    match error:
        case errors.QuotaError():
            return refuse(Refusal(error.reason, error.used, error.limit, shopper, product))
        case errors.CreditError():
            log.error("The shop's Genvoris credits are used up: no shopper can try on. %s", error)
            return refuse(Refusal("credit_limit_reached", shopper=shopper, product=product))
        case errors.CustomerInactiveError():
            return refuse(_inactive(shopper, product))
        case errors.ApiError():
            meaning = meaning_of(error)
            log.log(meaning.level, "%s %s", meaning.line, error)
            return Failure(meaning.error)
        case errors.ExternalIdError():
            log.error("%s", error)
            return Failure("internal_error")
        case _:
            log.warning("Genvoris could not be asked: %s", error)
            return Failure("upstream_unreachable")


def explain_mint(
    error: errors.GenvorisError, shopper: Shopper, product: Product | None = None
) -> Failure | Refusal:
    """Give what an error of minting means: there, "not found" is a shopper without a plan."""
    if isinstance(error, errors.NotFoundError):
        return refuse(Refusal("no_plan", shopper=shopper, product=product))
    return explain(error, shopper, product)


def _inactive(shopper: Shopper | None, product: Product | None) -> Refusal:
    """Ask which it is, paused or cancelled; the refusal itself does not say."""
    state = get_state()
    reason: QuotaReason = "paused"
    if shopper is not None:
        try:
            usage = state.client.customers.usage(state.broker.customer_id(shopper))
            reason = "cancelled" if usage.status == "CANCELLED" else "paused"
        except errors.GenvorisError as error:
            log.warning("Genvoris could not be asked why a shopper is inactive: %s", error)
    return Refusal(reason, shopper=shopper, product=product)


def refuse(refusal: Refusal) -> Refusal:
    """Tell the shop of a refusal, and give it."""
    signal = credits_depleted if refusal.kind == "unavailable" else quota_exhausted
    signal.send(get_state().app, refusal=refusal)
    return refusal
