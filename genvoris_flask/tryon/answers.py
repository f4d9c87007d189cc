"""JSON for browsers: docs/http.md's errors, jobs and headers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, url_for

from ..state import get_state
from .jobs import Failure, Job, Picture
from .paywall import Refusal, paywall_for

REFUSAL_DETAILS = {
    "quota_exhausted": "You have used all try-ons of this period.",
    "no_plan": "You have no plan with try-ons yet.",
    "paused": "Your plan is paused.",
    "cancelled": "Your plan has ended.",
    "credit_limit_reached": "Trying on is unavailable for now.",
}
FAILURE_STATUS = {
    "rate_limited": 429,
    "customer_inactive": 403,
    "internal_error": 500,
    "upstream_unreachable": 502,
}


class AnswerError(Exception):
    """Ends a request with an error of docs/http.md.

    Args:
        status: The HTTP status.
        error: The code.
        detail: A sentence for the shopper.
        headers: More headers, such as Retry-After.
        extra: More fields.
    """

    def __init__(
        self,
        status: int,
        error: str,
        detail: str,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.status = status
        self.headers = headers or {}
        self.body = {"error": error, "detail": detail, **extra}
        super().__init__(f"{status} {error}")


def answer_error(error: AnswerError) -> Response:
    """Write an error as JSON."""
    response = jsonify(error.body)
    response.status_code = error.status
    response.headers.update(error.headers)
    return response


def error_for_outcome(outcome: Failure | Refusal) -> AnswerError:
    """Give the error for a request that ended as a job would."""
    if isinstance(outcome, Failure):
        status = FAILURE_STATUS.get(outcome.error, 400)
        return AnswerError(status, outcome.error, outcome.detail)
    fields = refusal_fields(outcome)
    return AnswerError(402, fields.pop("error"), fields.pop("detail"), **fields)


def refusal_fields(refusal: Refusal) -> dict[str, Any]:
    """Give a refusal's fields, the shop's own paywall among them."""
    state = get_state()
    fields: dict[str, Any] = {
        "detail": REFUSAL_DETAILS[refusal.reason],
        "paywall": paywall_for(refusal, state.hooks.paywall, state.settings.upgrade_url),
    }
    if refusal.reason == "credit_limit_reached":
        return {"error": "credit_limit_reached", **fields}
    quota = {"reason": refusal.reason, "used": refusal.used, "limit": refusal.limit}
    return {"error": "end_customer_quota", **quota, **fields}


def job_fields(job: Job) -> dict[str, Any]:
    """Give a job as browsers see it."""
    fields: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "created_at": int(job.created_at),
        "image_url": None,
        "error": None,
        "detail": None,
        "quota": None,
    }
    match job.outcome:
        case Picture() as picture:
            fields["image_url"] = url_for("genvoris.tryon_image", job_id=job.id)
            fields["quota"] = asdict(picture.quota) if picture.quota else None
        case Failure() as failure:
            fields |= {"error": failure.error, "detail": failure.detail}
        case Refusal() as refusal:
            fields |= refusal_fields(refusal)
    return fields


def harden(response: Response) -> Response:
    """Keep answers out of caches, and keep browsers from guessing their type."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
