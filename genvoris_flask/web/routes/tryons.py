"""The routes that the widget calls: session, status and try-ons (docs/http.md)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request

from ...core.products import read_product
from ...core.tryon.engines.base import Engine, TokenSource
from ...core.tryon.engines.custom import CustomEngine
from ...core.tryon.engines.ledger import LedgerEngine
from ...core.tryon.jobs.protocol import (
    RETRY_AFTER,
    BusyError,
    JobExpiredError,
    TooManyJobsError,
)
from ...core.tryon.models import Job, Outcome, TryOnRequest
from ...core.tryon.task import TryOnTask
from ..attribution import keep_widget_session
from ..auth import (
    Visitor,
    authorize,
    check_token,
    current_visitor,
    guest_address,
    key_for_genvoris,
    require_visitor,
    session_for,
    slot_owner,
)
from ..downloads import BoundedDownload, in_pieces
from ..errors import HttpError, isolate
from ..guest_limits import GuestTryon, check_guest_limit, guest_tryon
from ..hosts import own_path, shop_url
from ..rate_limits.requests import count_shopper, take_slot
from ..serializers import job_fields
from ..state import AppState, get_state
from ..tryon_form import read_form
from .status import status_fields


def session() -> dict[str, Any]:
    """Return the shopper's token."""
    visitor = authorize("session")
    if visitor.shopper is None:
        return {"token": None, "expires_at": None}
    found = session_for(visitor.shopper)
    return {"token": found.token, "expires_at": int(found.expires_at)}


def status() -> dict[str, Any]:
    """Return whether the shopper may try on, and what they can do if not."""
    visitor = current_visitor()
    if visitor is not None and visitor.shopper is not None:
        count_shopper("status", visitor.owner)  # each asks Genvoris
    images = request.args.getlist("product_image")
    return status_fields(visitor, read_product(request.args, images, shop_url(request)))


def create_tryon() -> tuple[Response, int, dict[str, str]]:
    """Start a try-on."""
    visitor = authorize("tryons")
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    key = request.headers.get("Idempotency-Key") or None
    # Equal for every repeat, so that Genvoris recognizes one even when this shop cannot.
    tryon_key = key_for_genvoris(visitor.owner, key) if key else secrets.token_urlsafe(16)
    check_guest_limit(visitor, tryon_key)
    state = get_state()
    with take_slot(state.upload_slots, slot_owner(visitor)):
        form = read_form(request, state.settings.max_upload_bytes, state.settings.upload_timeout)
    if not state.hooks.may_try_on(form.product):
        raise HttpError("product_unavailable")
    keep_widget_session(form.widget_session)
    origin = shop_url(request).rstrip("/")
    tryon = TryOnRequest(form.photo, form.product, visitor.shopper, origin, tryon_key)
    with guest_tryon(visitor, tryon_key) as counted:
        job = _submit(visitor, tryon, key, counted)
    location = own_path(f"/tryons/{job.id}")
    return jsonify(job_fields(job, visitor.shopper)), 202, {"Location": location}


def read_tryon(job_id: str) -> dict[str, Any]:
    """Return a job to its owner."""
    visitor = require_visitor()
    return job_fields(_own_job(job_id, visitor), visitor.shopper)


def tryon_image(job_id: str) -> Response:
    """Return a finished picture to its owner."""
    state = get_state()
    picture = state.jobs.picture(_own_job(job_id, require_visitor()))
    if picture is None:
        raise HttpError("not_found")
    pieces = in_pieces(picture.data)
    body = BoundedDownload(pieces, request.environ, state.settings.upload_timeout)
    response = Response(body, mimetype=picture.mimetype, direct_passthrough=True)
    response.content_length = len(picture.data)
    return isolate(response)


def delete_tryon(job_id: str) -> tuple[str, int]:
    """Cancel a job, or delete its picture."""
    if not get_state().jobs.remove(job_id, require_visitor().owner):
        raise HttpError("not_found")
    return "", 204


def _submit(visitor: Visitor, tryon: TryOnRequest, key: str | None, counted: GuestTryon) -> Job:
    state = get_state()
    try:
        return state.jobs.submit(
            visitor.owner,
            tryon.product,
            _work(state, tryon),
            key,
            address=guest_address(visitor),
            on_no_picture=counted.give_back,
        )
    except BusyError:
        raise HttpError("busy", retry_after=RETRY_AFTER) from None
    except TooManyJobsError:
        raise HttpError("too_many_tryons", retry_after=RETRY_AFTER) from None
    except JobExpiredError:
        raise HttpError("tryon_over") from None


def _work(state: AppState, tryon: TryOnRequest) -> Callable[[], Outcome]:
    """Return a function that makes a try-on within the app's context, as the shop's code needs."""
    tokens = TokenSource(state.broker, tryon.shopper)
    task = TryOnTask(tryon, _engine(state), tokens, state.error_mapper)

    def run() -> Outcome:
        with state.app.app_context():
            return task()

    return run


def _engine(state: AppState) -> Engine:
    engine = _maker(state)
    if state.spending is None:
        return engine
    return LedgerEngine(engine, state.spending, state.lift_ceiling)


def _maker(state: AppState) -> Engine:
    if state.hooks.tryon_engine is None:
        return state.engine
    return CustomEngine(
        state.hooks.tryon_engine, state.client, state.broker, state.settings.tryon_timeout
    )


def _own_job(job_id: str, visitor: Visitor) -> Job:
    job = get_state().jobs.find(job_id, visitor.owner)
    if job is None:
        raise HttpError("not_found")
    return job
