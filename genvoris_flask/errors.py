"""Every error that this package raises.

::

    GenvorisError
    ├── ConfigurationError         a setting is missing or wrong; raised at start-up
    ├── UnreachableError           there was no response: refused, reset, DNS, TLS
    │   ├── DeadlineError          there was no response in time
    │   ├── NetworkSetupError      this machine's proxy or certificates cannot be used
    │   └── CircuitOpenError       no request was sent, since recent ones failed
    ├── MalformedAnswerError       the response is not what Genvoris's API promises
    ├── StoreUnavailableError      the store that all processes share does not answer
    ├── LedgerUnavailableError     the database of the ledger does not answer, or cannot be written
    ├── LockTimeoutError           a lock was held for longer than the caller could wait
    ├── QueueFullError             the background queue is full
    ├── UnknownPriceError          no plan at Genvoris has the price that was sold
    ├── UnknownSubscriptionError   the shopper has no subscription to change
    ├── EventConflictError         an event id was used before with other contents
    ├── ExternalIdError            a shopper's id belongs, or may belong, to somebody else
    ├── StripeEventError           an event of Stripe's cannot be handled now
    ├── UnusablePhotoError         raised by the shop's own engine: the photo is at fault
    ├── UnusableProductError       raised by the shop's own engine: the product or its picture is
    ├── TokenError                 a session token from a browser is invalid
    │   └── ForeignTokenError      it is genuine, but belongs to another shop
    ├── SignatureError             a webhook delivery's signature is invalid
    └── ApiError                   Genvoris refused: status, code, detail, request_id, retry_after,
        │                          field_errors
        ├── BadRequestError        400 and other 4xx without a class of their own
        ├── UnauthorizedError      401: the API key is wrong
        │   └── InvalidSessionTokenError   401: the shopper's token is wrong
        ├── QuotaError             402: the shopper's plan; reason, used, limit
        ├── CreditError            402: the shop's own credit pool is empty
        ├── ForbiddenError         403
        │   └── CustomerInactiveError      403: paused or cancelled
        ├── NotFoundError          404
        ├── RateLimitedError       429
        ├── NotRegisteredError     403 or 429 for an unknown shopper only
        └── ServerError            5xx

No message ever contains the API key, a token or a photo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from warnings import warn

QuotaReason = Literal["quota_exhausted", "no_plan", "paused", "cancelled"]

_RENAMED = {"StoreAwayError": "StoreUnavailableError", "StripeError": "StripeEventError"}

DOCS_URL = "https://github.com/genvoris/genvoris-flask/blob/main/docs"


def see(page: str) -> str:
    """Return the address of a page of the documentation, such as ``billing.md``, for a message."""
    return f"{DOCS_URL}/{page}"


class GenvorisError(Exception):
    """The base of all errors of this package."""


class ConfigurationError(GenvorisError):
    """A setting is missing or wrong. The message names the key and says what to do."""


class UnreachableError(GenvorisError):
    """Genvoris did not respond."""


class DeadlineError(UnreachableError):
    """Genvoris did not respond before the caller's deadline."""


class NetworkSetupError(UnreachableError):
    """Nothing was sent: the environment names a proxy or certificates that cannot be used.

    The message names the variable and says what to do.
    """


class CircuitOpenError(UnreachableError):
    """No request was sent, since recent ones failed."""


class MalformedAnswerError(GenvorisError):
    """Genvoris responded with something that its API does not document."""


class StoreUnavailableError(GenvorisError):
    """The store of GENVORIS_STORE_URL does not answer; try again in a few seconds."""


class LedgerUnavailableError(GenvorisError):
    """The database of the ledger cannot be reached or written. Nothing was changed."""


class LockTimeoutError(GenvorisError):
    """A lock was held for longer than the caller could wait."""


class QueueFullError(GenvorisError):
    """The background queue is full."""


class UnknownPriceError(GenvorisError):
    """No plan at Genvoris has the external price id that was sold."""


class UnknownSubscriptionError(GenvorisError):
    """The shopper has no subscription in the shop's ledger that could be changed."""


class EventConflictError(GenvorisError):
    """An event id was used before with other contents. Nothing was changed."""


class ExternalIdError(GenvorisError):
    """A shopper's id cannot be used: it belongs, or may belong, to somebody else at Genvoris."""


class StripeEventError(GenvorisError):
    """An event of Stripe's cannot be handled now; have it delivered again."""


class UnusablePhotoError(GenvorisError):
    """The shop's own engine cannot use the shopper's photo: another one may do.

    Raise it in the function registered with ``@genvoris.tryon_engine``. The message is logged.
    """


class UnusableProductError(GenvorisError):
    """The shop's own engine cannot use the product, or cannot get its picture.

    Raise it in the function registered with ``@genvoris.tryon_engine``. The message is logged, so
    name the status of a picture that could not be fetched. The shopper's photo is kept.
    """


class TokenError(GenvorisError):
    """A session token is expired, forged, or not this shopper's."""


class ForeignTokenError(TokenError):
    """A genuine token that was minted for another shop."""


class SignatureError(GenvorisError):
    """A webhook delivery is forged, altered or too old."""


@dataclass(frozen=True)
class Problem:
    """The content of an error response, whatever fields it came in.

    Attributes:
        status: The HTTP status.
        code: Genvoris's error code, such as ``not_found``.
        detail: A message for the developer.
        request_id: The id of this request in Genvoris's logs, or None.
        retry_after: Seconds to wait before a retry, or None.
        reason: With ``end_customer_quota``, why the shopper may not try on.
        used: With ``end_customer_quota``, the try-ons used in this period.
        limit: With ``end_customer_quota``, the try-ons of this period.
        field_errors: The errors of each field of the request, if the response names any.
    """

    status: int
    code: str
    detail: str
    request_id: str | None = None
    retry_after: float | None = None
    reason: QuotaReason = "quota_exhausted"
    used: int | None = None
    limit: int | None = None
    field_errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ApiError(GenvorisError):
    """Genvoris refused a request.

    Attributes:
        problem: The content of the response; the others are fields of it.
        status: The HTTP status.
        code: Genvoris's error code.
        detail: A message for the developer.
        request_id: The id of this request in Genvoris's logs.
        retry_after: Seconds to wait before a retry.
        field_errors: The errors of each field of the request; empty if the response names none.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.status: int = problem.status
        self.code: str = problem.code
        self.detail: str = problem.detail
        self.request_id: str | None = problem.request_id
        self.retry_after: float | None = problem.retry_after
        self.field_errors: Mapping[str, tuple[str, ...]] = problem.field_errors
        request = f" (request {problem.request_id})" if problem.request_id else ""
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}{request}")


class BadRequestError(ApiError):
    """The request itself was wrong; a retry would fail too."""


class UnauthorizedError(ApiError):
    """The API key is unknown, rotated or suspended."""


class InvalidSessionTokenError(UnauthorizedError):
    """The shopper's token is expired, revoked or not Genvoris's; mint a new one."""


class QuotaError(ApiError):
    """The shopper's plan does not allow a try-on now.

    Attributes:
        reason: Why the shopper may not try on.
        used: The try-ons used in this period.
        limit: The try-ons of this period.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.reason = problem.reason
        self.used: int | None = problem.used
        self.limit: int | None = problem.limit


class CreditError(ApiError):
    """The shop's credit pool is empty. The shopper can do nothing about it."""


class ForbiddenError(ApiError):
    """The key is valid, but not allowed to do this."""


class CustomerInactiveError(ForbiddenError):
    """The shopper is paused or cancelled at Genvoris."""


class NotFoundError(ApiError):
    """Genvoris does not know what was asked for."""


class RateLimitedError(ApiError):
    """Too many requests; ``retry_after`` says when to retry."""


class NotRegisteredError(ApiError):
    """Genvoris refused to register an unknown shopper. Known shoppers are not affected."""


class ServerError(ApiError):
    """Genvoris failed."""


_BY_CODE: dict[str, type[ApiError]] = {
    "invalid_session_token": InvalidSessionTokenError,
    "end_customer_quota": QuotaError,
    "quota_exhausted": QuotaError,
    "credit_limit_reached": CreditError,
    "customer_inactive": CustomerInactiveError,
}
_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    402: CreditError,
    403: ForbiddenError,
    404: NotFoundError,
    429: RateLimitedError,
}


def error_for(problem: Problem) -> ApiError:
    """Return the exception for an error response, by its code or else by its status."""
    fallback = ServerError if problem.status >= 500 else BadRequestError
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(problem.status, fallback)
    return kind(problem)


def __getattr__(name: str) -> Any:
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new = _RENAMED[name]
    warn(f"{name} is now called {new}.", DeprecationWarning, stacklevel=2)
    return globals()[new]
