"""The routes of docs/http.md."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from ..errors import GenvorisError
from ..state import get_state
from .answers import AnswerError, answer_error, error_for_outcome, harden, job_fields
from .explain import explain_mint
from .form import read_form
from .guard import is_same_origin
from .jobs import BUSY_RETRY_AFTER, BusyError, Job, Picture
from .product import read_product
from .status import status_fields
from .visitors import SESSION_BUDGET, check_token, current_visitor, require_visitor
from .work import TryonWork

MAX_KEY_LENGTH = 200

blueprint = Blueprint("genvoris", __name__)
blueprint.register_error_handler(AnswerError, answer_error)
blueprint.after_request(harden)


@blueprint.before_request
def refuse_other_sites() -> None:
    """Refuse what another site's page sends, before anything is read or counted."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and not is_same_origin(request):
        raise AnswerError(403, "cross_origin", "This can only be used from the shop's own pages.")


@blueprint.post("/session")
def session() -> dict[str, Any]:
    """Give the shopper's token."""
    visitor = require_visitor()
    if visitor.shopper is None:
        return {"token": None, "expires_at": None}
    try:
        found = get_state().broker.session(visitor.shopper, SESSION_BUDGET)
    except GenvorisError as error:
        raise error_for_outcome(explain_mint(error, visitor.shopper)) from error
    return {"token": found.token, "expires_at": int(found.expires_at)}


@blueprint.get("/status")
@blueprint.get("/api/status")
def status() -> dict[str, Any]:
    """Say whether the shopper may try on, and what they can do if not."""
    return status_fields(current_visitor(), read_product(request.args, request.host_url))


@blueprint.post("/tryons")
def create_tryon() -> tuple[Response, int, dict[str, str]]:
    """Start a try-on."""
    visitor = require_visitor()
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    state = get_state()
    form = read_form(request, state.settings.max_upload_bytes)
    key = request.headers.get("Idempotency-Key", "")[:MAX_KEY_LENGTH] or None
    work = TryonWork(state.app, form, visitor.shopper, secrets.token_urlsafe(16))
    try:
        job = state.jobs.submit(visitor.owner, form.product, work, key)
    except BusyError:
        raise AnswerError(
            503,
            "busy",
            "Many people are trying things on right now. Please try again in a moment.",
            {"Retry-After": str(BUSY_RETRY_AFTER)},
        ) from None
    location = url_for("genvoris.read_tryon", job_id=job.id)
    return jsonify(job_fields(job)), 202, {"Location": location}


@blueprint.get("/tryons/<job_id>")
def read_tryon(job_id: str) -> dict[str, Any]:
    """Give a job to its owner."""
    return job_fields(_own_job(job_id))


@blueprint.get("/tryons/<job_id>/image")
def tryon_image(job_id: str) -> Response:
    """Give a finished picture to its owner."""
    outcome = _own_job(job_id).outcome
    if not isinstance(outcome, Picture):
        raise AnswerError(404, "not_found", "This try-on has no picture.")
    response = Response(outcome.data, mimetype=outcome.mimetype)
    # Opened by itself, the picture must not be able to act as a page of the shop.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.delete("/tryons/<job_id>")
def delete_tryon(job_id: str) -> tuple[str, int]:
    """Cancel a job, or forget its picture."""
    get_state().jobs.remove(_own_job(job_id).id, require_visitor().owner)
    return "", 204


def _own_job(job_id: str) -> Job:
    job = get_state().jobs.find(job_id, require_visitor().owner)
    if job is None:
        raise AnswerError(404, "not_found", "This try-on is not there any more.")
    return job
