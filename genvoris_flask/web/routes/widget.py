"""What the widget loads from the shop and reports to it: built files, keys, and events."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from flask import Response, request

from ...core.analytics import SchemaError, read_events, split_ratings
from ...core.ratings import Rating
from ...core.storage.sealing import device_keys
from ...signals import tryon_rated
from ..attribution import keep_widget_session, refuses_tracking
from ..auth import authorize, renew_guest
from ..compat import get_app
from ..errors import HttpError
from ..figures import count_events, count_rating
from ..rate_limits import count_address, count_shopper, is_within_limit
from ..shopper import current_shopper_or_nobody
from ..state import get_state
from ..storage import secrets_of
from ..transfers import read_message

log: logging.Logger = logging.getLogger("genvoris_flask.events")

ONE_YEAR = 365 * 24 * 3600
MAX_BODY_BYTES = 512 * 1024

NO_KEYS: dict[str, Any] = {"keys": [], "days": 0}


def script(name: str) -> Response:
    """Serve a built file: cached under its hashed name, revalidated under its plain one.

    A request for another version's ``widget`` gets this version's: a cached page, or a page that
    another version's worker rendered, then has a widget that finds its other files here. Requests
    for another version's other files are refused, since its widget would not accept these.
    """
    assets = get_state().assets
    of_another_version = re.fullmatch(r"widget-[0-9a-f]{12}", name)
    asset = assets.by_name.get(f"{name}.js") or (assets.widget if of_another_version else None)
    if asset is None:
        raise HttpError("path_not_allowed")
    response = Response(asset.body, mimetype="text/javascript")
    response.set_etag(asset.integrity)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The dialog's script tag uses CORS, since its integrity is checked.
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.cache_control.public = True
    if name + ".js" == asset.hashed_name:
        response.cache_control.max_age = ONE_YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def report() -> tuple[dict[str, int], int]:
    """Accept a batch of events from any visitor, without waiting for Genvoris."""
    count_address("events")
    shopper = current_shopper_or_nobody()
    if shopper:
        count_shopper("events", f"shopper:{shopper.external_id}")
    # Any Content-Type will do: navigator.sendBeacon can only send plain text without a preflight.
    body = read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
    try:
        events = read_events(body)
    except SchemaError as error:
        raise HttpError("invalid_body", field=error.field, problem=str(error)) from None
    if refuses_tracking():
        return {"accepted": 0}, 202
    keep_widget_session(events[-1].session_id)
    count_events(get_state(), events)
    known, ratings = split_ratings(events)
    for rating in ratings:
        if is_within_limit("opinions"):
            count_rating(get_state(), rating)
        _announce(replace(rating, shopper=shopper))
    accepted = get_state().events.add(known) if known else 0
    return {"accepted": accepted + len(events) - len(known)}, 202


def _announce(rating: Rating) -> None:
    try:
        tryon_rated.send(get_app(), rating=rating)
    except Exception:  # the shop's own code must not lose the other events
        log.exception("A receiver of tryon_rated failed")


def hand_out() -> dict[str, Any]:
    """Return the keys of whoever is shopping, and for how many days pictures may be kept.

    Apart from ``POST session``, since it asks nothing of Genvoris: a shopper whose plan has ended,
    or who comes while Genvoris is unavailable, still sees their own pictures.
    """
    visitor = authorize("device-keys")
    state = get_state()
    days = state.settings.keep_pictures_days
    if days and visitor.shopper is None:
        # Who comes back without the cookie is another guest, and has another key.
        days = min(days, renew_guest())
    if not days:
        return NO_KEYS
    keys = device_keys(secrets_of(state.app, state.settings), visitor.owner)
    return {"keys": keys, "days": days}
