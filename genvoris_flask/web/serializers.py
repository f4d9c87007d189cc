"""Jobs, refusals and failures as JSON (docs/http.md)."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ..core.pacing import PacedError
from ..core.sessions import Shopper
from ..core.tryon.models import Done, Failure, Job
from ..core.tryon.paywall import Refusal
from ..errors import ApiError, GenvorisError
from .errors import HttpError, subject_of, translate
from .hosts import own_path
from .pacing import error_for_wait, too_late_fields
from .paywalls import paywall_fields
from .state import get_state


def error_for_outcome(outcome: Failure | Refusal, cause: GenvorisError) -> HttpError:
    """Return the HTTP error for a failure or refusal outside of a job.

    Args:
        outcome: What the browser gets.
        cause: Its Retry-After and request id are passed on.
    """
    if isinstance(cause, PacedError):
        return error_for_wait(cause)
    headers: dict[str, str] = {}
    retry_after = None
    if isinstance(cause, ApiError):
        retry_after = cause.retry_after
        headers = {"X-Request-Id": cause.request_id} if cause.request_id else {}
    fields = {"error": outcome.error} if isinstance(outcome, Failure) else refusal_fields(outcome)
    return HttpError(fields.pop("error"), retry_after=retry_after, headers=headers, **fields)


def refusal_fields(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal's fields, including the shop's own paywall."""
    fields: dict[str, Any] = {
        "detail": translate(f"reason.{refusal.reason}"),
        "paywall": paywall_fields(refusal),
    }
    if refusal.reason == "credit_limit_reached":
        return {"error": "credit_limit_reached", **fields}
    quota = {"reason": refusal.reason, "used": refusal.used, "limit": refusal.limit}
    return {"error": "end_customer_quota", **quota, **fields}


def _failure_fields(failure: Failure) -> dict[str, Any]:
    if failure.until is None:
        return {"error": failure.error, "detail": translate(failure.error)}
    return too_late_fields(failure.until - get_state().clock())


def job_fields(job: Job, shopper: Shopper | None) -> dict[str, Any]:
    """Return a job's fields.

    Args:
        job: The job.
        shopper: Its owner, for the shop's paywall function; None for a guest.
    """
    fields: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "created_at": int(job.created_at),
        "image_url": None,
        "error": None,
        "detail": None,
        "quota": None,
        "charged": job.charged,
    }
    match job.result:
        case Done() as done:
            fields["image_url"] = own_path(f"/tryons/{job.id}/image")
            fields["quota"] = asdict(done.quota) if done.quota else None
        case Failure() as failure:
            fields |= _failure_fields(failure)
        case Refusal() as refusal:
            fields |= refusal_fields(replace(refusal, shopper=shopper))
    if fields["error"]:
        fields["about"] = subject_of(fields["error"])
    return fields
