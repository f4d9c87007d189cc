"""What an error from Genvoris means: to the shopper a code or a paywall, to the log a line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ... import errors
from ...errors import ApiError, QuotaReason
from ..api.client import GenvorisClient
from ..pacing import PacedError
from ..products import Product
from ..sessions import Shopper
from ..sessions.broker import SessionBroker
from .jobs import JobExpiredError
from .models import Failure
from .paywall import Refusal

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


@dataclass(frozen=True)
class Meaning:
    """What an error code of Genvoris's stands for.

    Attributes:
        error: The code that the browser gets.
        level: The level of the line in the merchant's log.
        line: What happened, and what the merchant can do.
    """

    error: str
    level: int
    line: str


def _internal(line: str) -> Meaning:
    """Return the meaning of an error that only the merchant can fix."""
    return Meaning("internal_error", logging.ERROR, line)


_KEY = _internal("Genvoris refuses the shop's key: check GENVORIS_API_KEY.")
_ADDRESS = _internal("Genvoris has nothing there: check GENVORIS_API_URL and GENVORIS_TRYON_URL.")
_FAILED = Meaning("upstream_unreachable", logging.WARNING, "Genvoris failed.")
_UNUSABLE = Meaning("invalid_body", logging.WARNING, "Genvoris could not use a request.")
_PRODUCT = Meaning(
    "product_unusable",
    logging.ERROR,
    "Genvoris could not use a product: check what genvoris_button() is given.",
)
_PHOTO = Meaning("photo_unusable", logging.INFO, "Genvoris could not use a shopper's photo.")
_RATE = Meaning("rate_limited", logging.WARNING, "Genvoris limits the shop's rate.")

# The codes of Genvoris's try-on and REST APIs, and of proxies in front of them. Those for lack of
# quota, credit or an active shopper are exceptions of their own, which ErrorMapper handles.
MEANINGS: dict[str, Meaning] = {
    "invalid_body": _UNUSABLE,
    "metadata_too_large": _UNUSABLE,
    "unauthorized": _KEY,
    "invalid_key": _KEY,
    "invalid_api_key": _KEY,
    "invalid_session_token": Meaning(
        "invalid_session_token", logging.WARNING, "Genvoris refuses a shopper's token."
    ),
    "account_inactive": _internal("The shop's Genvoris account is inactive: see the dashboard."),
    "domain_not_allowed": _internal(
        "The shop's domain is not one that Genvoris knows: verify it in the dashboard."
    ),
    "token_store_mismatch": Meaning(
        "token_store_mismatch",
        logging.ERROR,
        "Genvoris says that a token is another shop's: check that GENVORIS_API_URL and "
        "GENVORIS_TRYON_URL belong together.",
    ),
    "plan_not_found": _internal(
        "Genvoris does not know a plan: check GENVORIS_DEFAULT_PLAN and your shoppers' plan_id."
    ),
    "cross_origin": _internal("Genvoris does not take requests from this shop's address."),
    "not_found": _ADDRESS,
    "path_not_allowed": _ADDRESS,
    "rate_limited": _RATE,
    "upstream_unreachable": _FAILED,
    "internal_error": _FAILED,
}
_BY_STATUS = {401: _KEY, 403: _KEY, 404: _ADDRESS, 429: _RATE}


def meaning_of(error: ApiError) -> Meaning:
    """Return an error's meaning by its code, else by its status."""
    if error.status >= 500:
        return _FAILED
    if error.status in (400, 422) and (meaning := _meaning_of_field(error)):
        return meaning
    return MEANINGS.get(error.code) or _BY_STATUS.get(error.status, _UNUSABLE)


def code_of(error: BaseException | None) -> str:
    """Return the code that a browser gets for an error that is no refusal."""
    match error:
        case PacedError():
            return "busy"
        case JobExpiredError():
            return "tryon_over"
        case errors.ApiError():
            return meaning_of(error).error
        case errors.UnusableProductError():
            return "product_unusable"
        case errors.UnusablePhotoError():
            return "photo_unusable"
        case errors.ExternalIdError():
            return "internal_error"
        case errors.GenvorisError():
            return "upstream_unreachable"
    return "internal_error"


def _meaning_of_field(error: ApiError) -> Meaning | None:
    """Return the meaning of an error that names the product or the photo.

    Genvoris names the field in ``field_errors``, or as the path at the start of the sentence.
    """
    names = [*error.field_errors, error.detail.partition(":")[0]]
    if any(name.startswith("product_") for name in names):
        return _PRODUCT
    return _PHOTO if "photo" in names else None


def _picture_host(product: Product | None) -> str:
    """Return where a product's picture is, without the path and query, which may be signed."""
    host = urlsplit(product.image).hostname if product and product.image else None
    return f"Its picture is at {host}." if host else "It has no picture."


class ErrorMapper:
    """Maps errors to failures and refusals, and logs them for the merchant.

    Args:
        client: Is asked why a shopper is inactive.
        broker: Knows Genvoris's id of a shopper.
        notify: Called with each refusal.
    """

    def __init__(
        self, client: GenvorisClient, broker: SessionBroker, notify: Callable[[Refusal], None]
    ) -> None:
        self._client = client
        self._broker = broker
        self._notify = notify

    def explain(
        self, error: errors.GenvorisError, shopper: Shopper | None, product: Product | None = None
    ) -> Failure | Refusal:
        """Return what an error of a try-on means."""
        match error:
            case errors.QuotaError():
                return self.refuse(Refusal(error.reason, error.used, error.limit, shopper, product))
            case errors.CreditError():
                log.error(
                    "The shop's Genvoris credits are used up: no shopper can try on. %s", error
                )
                return self.refuse(
                    Refusal("credit_limit_reached", shopper=shopper, product=product)
                )
            case errors.CustomerInactiveError():
                reason = self._inactive_reason(shopper)
                return self.refuse(Refusal(reason, shopper=shopper, product=product))
            case PacedError():
                pass
            case JobExpiredError():
                log.info("%s", error)
            case errors.ApiError():
                meaning = meaning_of(error)
                where = f" {_picture_host(product)}" if meaning is _PRODUCT else ""
                log.log(meaning.level, "%s%s %s", meaning.line, where, error)
            case errors.UnusableProductError():
                where = _picture_host(product)
                log.error("The shop's own engine could not use a product. %s %s", where, error)
            case errors.UnusablePhotoError():
                log.info("The shop's own engine could not use a shopper's photo: %s", error)
            case errors.ExternalIdError():
                log.error("%s", error)
            case _:
                log.warning("Genvoris could not be reached: %s", error)
        return Failure(code_of(error))

    def explain_mint(
        self, error: errors.GenvorisError, shopper: Shopper, product: Product | None = None
    ) -> Failure | Refusal:
        """Like ``explain``, for an error while minting: "not found" is a shopper without a plan."""
        if isinstance(error, errors.NotFoundError):
            return self.refuse(Refusal("no_plan", shopper=shopper, product=product))
        return self.explain(error, shopper, product)

    def refuse(self, refusal: Refusal) -> Refusal:
        """Notify the shop of a refusal and return it."""
        self._notify(refusal)
        return refusal

    def _inactive_reason(self, shopper: Shopper | None) -> QuotaReason:
        """Return whether a shopper is paused or cancelled; the error itself does not say."""
        if shopper is None:
            return "paused"
        try:
            usage = self._client.customers.usage(self._broker.customer_id(shopper))
        except errors.GenvorisError as error:
            log.warning("Genvoris could not be asked why a shopper is inactive: %s", error)
            return "paused"
        return "cancelled" if usage.status == "CANCELLED" else "paused"
