"""What each refusal of Genvoris means: to the browser a code, to the merchant's log a line.

Refusals for lack of quota, credit or an active shopper have screens of their own; see ``explain``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ...errors import ApiError


@dataclass(frozen=True)
class Meaning:
    """What a refusal comes to.

    Attributes:
        error: The code for the browser.
        level: Of the line in the merchant's log.
        line: What happened, and what the merchant can do.
    """

    error: str
    level: int
    line: str


def _ours(line: str) -> Meaning:
    """Only the merchant can mend it, and shoppers need not know what it is."""
    return Meaning("internal_error", logging.ERROR, line)


_KEY = _ours("Genvoris refuses the shop's key: check GENVORIS_API_KEY.")
_ADDRESS = _ours("Genvoris has nothing there: check GENVORIS_API_URL and GENVORIS_TRYON_URL.")
_FAILED = Meaning("upstream_unreachable", logging.WARNING, "Genvoris failed.")
_UNUSABLE = Meaning("invalid_body", logging.WARNING, "Genvoris could not use a request.")
_PRODUCT = Meaning(
    "product_unusable",
    logging.ERROR,
    "Genvoris could not use a product: check what genvoris_button() is given.",
)
_RATE = Meaning("rate_limited", logging.WARNING, "Genvoris limits the shop's rate.")

# The contract's codes, those of its REST API and those of proxies in front of it.
MEANINGS: dict[str, Meaning] = {
    "invalid_body": _UNUSABLE,
    "metadata_too_large": _UNUSABLE,
    "unauthorized": _KEY,
    "invalid_key": _KEY,
    "invalid_api_key": _KEY,
    "invalid_session_token": Meaning(
        "invalid_session_token", logging.WARNING, "Genvoris refuses a shopper's token."
    ),
    "account_inactive": _ours("The shop's Genvoris account is inactive: see the dashboard."),
    "domain_not_allowed": _ours(
        "The shop's domain is not one that Genvoris knows: verify it in the dashboard."
    ),
    "token_store_mismatch": Meaning(
        "token_store_mismatch",
        logging.ERROR,
        "Genvoris says that a token is another shop's: check that GENVORIS_API_URL and "
        "GENVORIS_TRYON_URL belong together.",
    ),
    "plan_not_found": _ours(
        "Genvoris does not know a plan: check GENVORIS_DEFAULT_PLAN and your shoppers' plan_id."
    ),
    "cross_origin": _ours("Genvoris does not take requests from this shop's address."),
    "not_found": _ADDRESS,
    "path_not_allowed": _ADDRESS,
    "rate_limited": _RATE,
    "upstream_unreachable": _FAILED,
    "internal_error": _FAILED,
}
_BY_STATUS = {401: _KEY, 403: _KEY, 404: _ADDRESS, 429: _RATE}


def _names_product(error: ApiError) -> bool:
    """Return whether a refusal is about a field of the product, rather than the photo.

    Fields are named in ``field_errors``, or by the path that begins the sentence.
    """
    names = [*error.field_errors, error.detail.partition(":")[0]]
    return any(name.startswith("product_") for name in names)


def meaning_of(error: ApiError) -> Meaning:
    """Give the meaning by the code, else by the status; a server's own failure is just that."""
    if error.status >= 500:
        return _FAILED
    if error.status in (400, 422) and _names_product(error):
        return _PRODUCT
    return MEANINGS.get(error.code) or _BY_STATUS.get(error.status, _UNUSABLE)
