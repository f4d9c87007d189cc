"""The routes that the widget calls: session, status and try-ons (docs/http.md)."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, jsonify, request

from ...core.products import read_product
from ...core.storage.interface import key_of_owner
from ...core.tryon.jobs import RETRY_AFTER, BusyError, JobExpiredError, TooManyJobsError
from ...core.tryon.models import Job, TryOnRequest
from ..attribution import keep_widget_session
from ..auth import (
    Visitor,
    authorize,
    check_token,
    current_visitor,
    guest_address,
    require_visitor,
    session_for,
    slot_owner,
)
from ..consents import require_consent
from ..daily_limits import TryonCount, check_daily_limits, counted_tryon
from ..errors import HttpError, isolate
from ..hosts import own_path, shop_url
from ..pacing import check_turn
from ..privacy import own_jobs_of
from ..rate_limits import count_address, count_shopper, take_slot
from ..serializers import job_fields
from ..state import get_state
from ..transfers import BoundedDownload, in_pieces
from ..tryon_form import read_form
from .status import status_fields

NOT_YET_SECONDS = 1.0


def session() -> dict[str, Any]:
    """Return the shopper's token."""
    visitor = authorize("session")
    # With a ledger the server alone has tokens: one in the browser could be used without it.
    if visitor.shopper is None or get_state().settings.has_ledger:
        return {"token": None, "expires_at": None}
    found = session_for(visitor.shopper)
    return {"token": found.token, "expires_at": int(found.expires_at)}


def status() -> dict[str, Any]:
    """Return whether the shopper may try on, and what they can do if not."""
    visitor = current_visitor()
    if visitor is not None and visitor.shopper is not None:
        count_shopper("status", visitor.owner)  # each asks Genvoris
    else:
        count_address("status")  # each may ask the database
    images = request.args.getlist("product_image")
    return status_fields(visitor, read_product(request.args, images, shop_url(request)))


def create_tryon() -> tuple[Response, int, dict[str, str]]:
    """Start a try-on."""
    visitor = authorize("tryons")
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    key = request.headers.get("Idempotency-Key") or None
    # Equal for every repeat, so that Genvoris recognizes one even when this shop cannot.
    tryon_key = key_of_owner(visitor.owner, key) if key else secrets.token_urlsafe(16)
    require_consent(visitor)
    check_daily_limits(visitor, tryon_key)
    check_turn(visitor.shopper, tryon_key)
    state = get_state()
    with take_slot(state.upload_slots, slot_owner(visitor)):
        form = read_form(request, state.settings.max_upload_bytes, state.settings.upload_timeout)
    if not state.may_try_on(form.product):
        raise HttpError("product_unavailable")
    keep_widget_session(form.widget_session)
    origin = shop_url(request).rstrip("/")
    with counted_tryon(visitor, tryon_key) as count:
        tryon = TryOnRequest(
            form.photo, form.product, visitor.shopper, origin, tryon_key, count.tryon
        )
        job = _submit(visitor, tryon, key, count)
    own_jobs_of(state).add(visitor.owner, job.id)
    location = own_path(f"/tryons/{job.id}")
    return jsonify(job_fields(job, visitor.shopper)), 202, {"Location": location}


def read_tryon(job_id: str) -> dict[str, Any]:
    """Return a job to its owner."""
    visitor = require_visitor()
    return job_fields(_own_job(job_id, visitor), visitor.shopper)


def tryon_image(job_id: str) -> Response:
    """Return a finished picture to its owner."""
    state = get_state()
    job = _own_job(job_id, require_visitor())
    picture = state.jobs.picture(job)
    if picture is None and job.result is None:
        # The process that made it may have said so, and not have reached the store yet.
        raise HttpError("busy", retry_after=NOT_YET_SECONDS)
    if picture is None:
        raise HttpError("not_found")
    pieces = in_pieces(picture.data)
    body = BoundedDownload(pieces, request.environ, state.settings.upload_timeout)
    response = Response(body, mimetype=picture.mimetype, direct_passthrough=True)
    response.content_length = len(picture.data)
    return isolate(response)


def delete_tryon(job_id: str) -> dict[str, Any]:
    """Cancel a job, or delete its picture, and return what became of it."""
    removal = get_state().jobs.remove(job_id, require_visitor().owner)
    if removal is None:
        raise HttpError("not_found")
    return {"id": job_id, "outcome": removal}


def _submit(visitor: Visitor, tryon: TryOnRequest, key: str | None, count: TryonCount) -> Job:
    jobs, address = get_state().jobs, guest_address(visitor)
    try:
        return jobs.submit(visitor.owner, tryon, key, address=address, on_new=count.start)
    except BusyError:
        raise HttpError("busy", retry_after=RETRY_AFTER) from None
    except TooManyJobsError:
        raise HttpError("too_many_tryons", retry_after=RETRY_AFTER) from None
    except JobExpiredError:
        raise HttpError("tryon_over") from None


def _own_job(job_id: str, visitor: Visitor) -> Job:
    job = get_state().jobs.find(job_id, visitor.owner)
    if job is None:
        raise HttpError("not_found")
    return job
