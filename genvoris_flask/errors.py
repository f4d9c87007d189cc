"""Every error that this package raises.

GenvorisError
├── ConfigurationError         a setting is missing or wrong; raised at start-up
├── UnreachableError           no answer came: refused, reset, DNS, TLS
│   ├── DeadlineError          no answer came in the time there was
│   ├── NetworkSetupError      this machine's proxy or certificates cannot be used
│   └── CircuitOpenError       it was not asked, since it did not answer lately
├── MalformedAnswerError       an answer came that is not what the contract says
├── StoreUnavailableError      the store that all processes share does not answer
├── LockTimeoutError           somebody else held a lock for longer than we could wait
├── QueueFullError             as much work waits in the background as may
├── UnknownPriceError          no plan at Genvoris has the price that was sold
├── ExternalIdError            a shopper's id is, or may be, somebody else's at Genvoris
├── StripeEventError           an event of Stripe's cannot be handled now
├── TokenError                 a session token from a browser is not to be trusted
│   └── ForeignTokenError      it is genuine, but belongs to another shop
├── SignatureError             a webhook delivery is not to be trusted
└── ApiError                   Genvoris refused: status, code, detail, request_id, retry_after,
    │                          field_errors
    ├── BadRequestError        400 and other 4xx without a class of their own
    ├── UnauthorizedError      401: our key is wrong
    │   └── InvalidSessionTokenError   401: the shopper's token is
    ├── QuotaError             402: the shopper's plan; reason, used, limit
    ├── CreditError            402: the shop's own credit pool is empty
    ├── ForbiddenError         403
    │   └── CustomerInactiveError      403: paused or cancelled
    ├── NotFoundError          404
    ├── RateLimitedError       429
    ├── NotRegisteredError     403 or 429 for an unknown shopper: the others are well
    └── ServerError            5xx

No message ever holds the API key, a token or a photo.
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
    """Genvoris gave no answer."""


class DeadlineError(UnreachableError):
    """Genvoris gave no answer within the time that the caller had."""


class NetworkSetupError(UnreachableError):
    """Nothing was sent: a proxy or certificates that the environment names cannot be used.

    The message names the variable and says what to do.
    """


class CircuitOpenError(UnreachableError):
    """Genvoris was not asked: it did not answer lately."""


class MalformedAnswerError(GenvorisError):
    """Genvoris answered with something that the contract does not know."""


class StoreUnavailableError(GenvorisError):
    """The store of GENVORIS_STORE_URL does not answer; try again in a few seconds."""


class LockTimeoutError(GenvorisError):
    """Somebody else held a lock for longer than the caller could wait."""


class QueueFullError(GenvorisError):
    """As much work waits in the background as may."""


class UnknownPriceError(GenvorisError):
    """No plan at Genvoris has the external price id that was sold."""


class ExternalIdError(GenvorisError):
    """A shopper's id cannot be used: at Genvoris it names, or may name, somebody else."""


class StripeEventError(GenvorisError):
    """An event of Stripe's cannot be handled now; it is to be delivered again."""


class TokenError(GenvorisError):
    """A session token is expired, forged, or not this shopper's."""


class ForeignTokenError(TokenError):
    """A genuine token that was minted for another shop."""


class SignatureError(GenvorisError):
    """A webhook delivery is not Genvoris's, was changed on its way, or is too old."""


@dataclass(frozen=True)
class Problem:
    """What a refusal said, in one shape whatever fields it came in.

    Attributes:
        status: The HTTP status.
        code: A code of the contract, such as ``not_found``.
        detail: A sentence for the developer.
        request_id: What Genvoris calls this request in its own logs, if it said so.
        retry_after: Seconds to wait before asking again, if it said so.
        reason: Of ``end_customer_quota``: why the shopper may not.
        used: Of ``end_customer_quota``: try-ons spent in this period.
        limit: Of ``end_customer_quota``: try-ons in this period.
        field_errors: What is wrong with which field of the request, where the refusal says so.
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
    """Genvoris refused a request."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        request = f" (request {problem.request_id})" if problem.request_id else ""
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}{request}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """The contract's code."""
        return self.problem.code

    @property
    def detail(self) -> str:
        """A sentence for the developer."""
        return self.problem.detail

    @property
    def request_id(self) -> str | None:
        """The name of this request in Genvoris's logs."""
        return self.problem.request_id

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before asking again."""
        return self.problem.retry_after

    @property
    def field_errors(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with which field of the request; empty where the refusal names none."""
        return self.problem.field_errors


class BadRequestError(ApiError):
    """The request itself was wrong; the same again will be refused again."""


class UnauthorizedError(ApiError):
    """The API key is unknown, rotated or suspended."""


class InvalidSessionTokenError(UnauthorizedError):
    """The shopper's token is expired, revoked or not Genvoris's; mint a new one."""


class QuotaError(ApiError):
    """The shopper's plan does not allow a try-on now."""

    @property
    def reason(self) -> QuotaReason:
        """Why not."""
        return self.problem.reason

    @property
    def used(self) -> int | None:
        """Try-ons spent in this period."""
        return self.problem.used

    @property
    def limit(self) -> int | None:
        """Try-ons in this period."""
        return self.problem.limit


class CreditError(ApiError):
    """The shop's credit pool is empty. The shopper can do nothing about it."""


class ForbiddenError(ApiError):
    """The key is known, but may not do this."""


class CustomerInactiveError(ForbiddenError):
    """The shopper is paused or cancelled at Genvoris."""


class NotFoundError(ApiError):
    """There is no such thing at Genvoris."""


class RateLimitedError(ApiError):
    """Too many requests; ``retry_after`` says when to come back."""


class NotRegisteredError(ApiError):
    """Genvoris did not take an unknown shopper; it says nothing of those whom it knows."""


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
    """Give the error that fits a refusal, by its code, else by its status."""
    fallback = ServerError if problem.status >= 500 else BadRequestError
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(problem.status, fallback)
    return kind(problem)


def __getattr__(name: str) -> Any:
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new = _RENAMED[name]
    warn(f"{name} is now called {new}.", DeprecationWarning, stacklevel=2)
    return globals()[new]
