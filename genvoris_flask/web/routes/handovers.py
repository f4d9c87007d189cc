"""The routes by which a shopper's phone sends a photo to the dialog on their computer.

The dialog's routes need the shop's cookie, and the phone's the token of the link, which is sent as
``Authorization: Bearer`` so that no log of requests has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from ...core.handover import Handover, HandoverOverError, Handovers, HandoverUsedError
from ..auth import authorize, require_visitor
from ..consents import is_consent_missing, require_consent
from ..errors import HttpError, isolate, page_language
from ..hosts import own_path, shop_url
from ..phone_page import is_handover_possible, phone_page
from ..rate_limits import count_address, take_slot
from ..state import get_state
from ..tryon_form import read_photo


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Answer the errors of links: 410, since a new one is needed or none any more."""
    try:
        yield
    except HandoverOverError:
        raise HttpError("handover_over") from None
    except HandoverUsedError:
        raise HttpError("handover_used") from None


def open_handover() -> tuple[Response, int, dict[str, str]]:
    """Return a link for the shopper's phone, once they have agreed to their photo being used."""
    visitor = authorize("handovers")
    require_consent(visitor)
    if not is_handover_possible(get_state(), request):
        raise HttpError("path_not_allowed")
    handover, token = _handovers().open(visitor.owner)
    language = urlencode({"lang": page_language()})
    url = f"{shop_url(request).rstrip('/')}{own_path('/phone')}?{language}#{token}"
    location = own_path(f"/handovers/{handover.id}")
    return jsonify({**_fields(handover), "url": url}), 201, {"Location": location}


@errors_as_answers()
def read_handover(handover_id: str) -> dict[str, Any]:
    """Return to the dialog what the phone has done."""
    return _fields(_own(handover_id))


@errors_as_answers()
def take_photo(handover_id: str) -> Response:
    """Return the photo to the dialog, once, and delete it here."""
    photo = _handovers().take(_own(handover_id))
    if photo is None:
        raise HttpError("handover_over")
    return isolate(Response(photo.data, mimetype=photo.mimetype))


@errors_as_answers()
def close_handover(handover_id: str) -> tuple[str, int]:
    """End a link and delete its photo."""
    _handovers().close(_own(handover_id))
    return "", 204


def page() -> Response:
    """Return the page that takes the photo."""
    return phone_page(get_state(), request)


@errors_as_answers()
def connect() -> dict[str, Any]:
    """Record for the dialog that a phone has opened the link."""
    handover = _linked()
    _handovers().connect(handover)
    return {"expires_at": int(handover.expires_at)}


@errors_as_answers()
def send_photo() -> tuple[str, int]:
    """Accept the photo, once."""
    handover = _linked()
    state = get_state()
    with take_slot(state.upload_slots, f"handover:{handover.id}"):
        photo = read_photo(request, state.settings.max_upload_bytes, state.settings.upload_timeout)
    _handovers().send(handover, photo)
    return "", 204


def _handovers() -> Handovers:
    return get_state().handovers


def _own(handover_id: str) -> Handover:
    return _handovers().find(handover_id, require_visitor().owner)


def _linked() -> Handover:
    """Return the handover of the token that the phone sent; guesses are counted first."""
    count_address("phone")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HandoverOverError
    handover = _handovers().find_by_token(token.strip())
    # Since the link was opened it may have been withdrawn, or the text may have changed.
    if is_consent_missing(handover.owner):
        raise HandoverOverError
    return handover


def _fields(handover: Handover) -> dict[str, Any]:
    return {
        "id": handover.id,
        "state": _handovers().state(handover),
        "expires_at": int(handover.expires_at),
    }
