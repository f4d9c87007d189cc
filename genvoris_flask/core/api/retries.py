"""When a request that failed is sent again, and how long to wait before it is."""

from __future__ import annotations

from enum import Enum

from ...errors import ApiError, NetworkSetupError, UnreachableError
from ..jitter import jitter
from .response import NoConnectionError

MAX_ATTEMPTS = 3
FIRST_BACKOFF = 0.1  # seconds; doubled for each further try, and jittered
MAX_BACKOFF = 2.0
TRANSIENT = {429, 500, 502, 503, 504}


class RetryPolicy(Enum):
    """When a request that failed may be sent again."""

    NEVER = "never"
    IF_UNSENT = "if it certainly had no effect: no connection, or 429"
    ALWAYS = "whenever the fault may be temporary, since a second request changes nothing"


def may_repeat(error: ApiError | UnreachableError, repeat: RetryPolicy) -> bool:
    """Return whether a request that failed with this error may be sent again."""
    if repeat is RetryPolicy.NEVER:
        return False
    if isinstance(error, ApiError):
        return error.status == 429 or (repeat is RetryPolicy.ALWAYS and error.status in TRANSIENT)
    unsent = isinstance(error, NoConnectionError | NetworkSetupError)
    return repeat is RetryPolicy.ALWAYS or unsent


def wait_before_repeating(
    error: ApiError | UnreachableError, repeat: RetryPolicy, attempt: int
) -> float | None:
    """Return the seconds to wait, or None if the error is final."""
    if attempt == MAX_ATTEMPTS or not may_repeat(error, repeat):
        return None
    if isinstance(error, ApiError) and error.retry_after is not None:
        return error.retry_after
    # Full jitter: clients that failed together do not come back together.
    longest: float = min(MAX_BACKOFF, FIRST_BACKOFF * 2**attempt)
    return jitter(0, longest)
