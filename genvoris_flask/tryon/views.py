"""The routes of docs/http.md."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, jsonify, request, url_for

from ..attribution import keep_widget_session
from ..errors import GenvorisError
from ..state import get_state
from ..web.answers import AnswerError, isolate
from ..web.blueprints import browser_blueprint
from .answers import error_for_outcome, job_fields
from .engine import Order
from .explain import explain_mint
from .form import keep_in_memory, read_form
from .jobs import BUSY_RETRY_AFTER, BusyError, Job
from .pictures import Picture
from .product import read_product
from .status import status_fields
from .visitors import SESSION_BUDGET, admit, check_token, current_visitor, require_visitor
from .work import TryonWork

MAX_KEY_LENGTH = 200

blueprint = browser_blueprint("genvoris", __name__)


@blueprint.url_value_preprocessor
def bound_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Prepare the request that carries a photo, before any hook of the shop's reads it."""
    if endpoint == "genvoris.create_tryon":
        keep_in_memory(request, get_state().settings.max_upload_bytes)


@blueprint.post("/session")
def session() -> dict[str, Any]:
    """Give the shopper's token."""
    visitor = admit("session")
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
    visitor = admit("tryons")
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    state = get_state()
    form = read_form(request, state.settings.max_upload_bytes)
    keep_widget_session(form.widget_session)
    key = request.headers.get("Idempotency-Key", "")[:MAX_KEY_LENGTH] or None
    order = Order(
        form.photo,
        form.product,
        visitor.shopper,
        origin=request.host_url.rstrip("/"),
        key=secrets.token_urlsafe(16),
    )
    work = TryonWork(state.app, order)
    try:
        job = state.jobs.submit(visitor.owner, form.product, work, key)
    except BusyError:
        raise AnswerError("busy", retry_after=BUSY_RETRY_AFTER) from None
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
        raise AnswerError("not_found")
    return isolate(Response(outcome.data, mimetype=outcome.mimetype))


@blueprint.delete("/tryons/<job_id>")
def delete_tryon(job_id: str) -> tuple[str, int]:
    """Cancel a job, or forget its picture."""
    get_state().jobs.remove(_own_job(job_id).id, require_visitor().owner)
    return "", 204


def _own_job(job_id: str) -> Job:
    job = get_state().jobs.find(job_id, require_visitor().owner)
    if job is None:
        raise AnswerError("not_found")
    return job
