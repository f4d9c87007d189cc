"""Who has come to a page with a button, and who sees none because of GENVORIS_HOLDOUT.

Pages may be cached, so what is different for each visitor is a style sheet of its own, which each
browser loads once a day. It hides the button from visitors of the hold-out before it is drawn, and
its requests are counted as visits. It needs no script and no inline style.
"""

from __future__ import annotations

from flask import Response, has_request_context, request

from ..core.figures.holdout import DAYS, Mark, draw, read_mark, share_of, write_mark
from ..core.figures.trial import visitors_name
from .attribution import refuses_tracking
from .cookies import keep_cookie, read_cookie
from .errors import HttpError
from .rate_limits import count_address
from .shopper import current_shopper_or_nobody
from .state import AppState
from .storage import secrets_as_bytes

COOKIE = "genvoris_group"
HIDE = ".genvoris-tryon-btn,[data-genvoris-trigger]{display:none!important}"
DAY = 24 * 3600


def respond_with_style(state: AppState) -> Response:
    """Return this visitor's style sheet, and count the visit."""
    mark = None
    is_counted = state.recorder is not None and not refuses_tracking()
    if is_counted and state.settings.holdout:
        mark = read_visitor(state) or _mark_visitor(state)
    is_held = mark is not None and mark.is_held
    today = int(state.clock() // DAY)
    response = Response(HIDE if is_held else "", mimetype="text/css")
    response.set_etag(f"{today}-{is_held:d}")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.private = True
    response.cache_control.max_age = max(60, int((today + 1) * DAY - state.clock()))
    response.make_conditional(request)
    if is_counted and not is_held and response.status_code != 304 and state.recorder:
        state.recorder.add("seen")
    return response


def read_visitor(state: AppState, text: str | None = None) -> Mark | None:
    """Return a visitor's mark; None without one, or if the browser asks not to be tracked.

    Args:
        state: The state of the current app.
        text: The mark as the shop has stored it. Default: this request's cookie.
    """
    if state.recorder is None:
        return None
    if text is None:
        if not has_request_context() or refuses_tracking():
            return None
        text = read_cookie(COOKIE)
    secrets = secrets_as_bytes(state.app, state.settings)
    return read_mark(text, secrets, state.recorder.today())


def visitor_mark(state: AppState) -> str | None:
    """Return this visitor's mark as their browser keeps it; None without a valid one."""
    return read_cookie(COOKIE) if read_visitor(state) else None


def _mark_visitor(state: AppState) -> Mark | None:
    """Draw a visitor's group, count them, and keep it in their browser."""
    if state.recorder is None or not state.settings.holdout:
        return None
    try:
        count_address("events")
    except HttpError:  # whoever asks this often keeps no cookies, and is no visitor
        return None
    shopper = current_shopper_or_nobody(state)
    secret = secrets_as_bytes(state.app, state.settings)[0]
    share = share_of(state.settings.holdout)
    mark = draw(share, state.recorder.today(), secret, shopper.external_id if shopper else None)
    keep_cookie(COOKIE, write_mark(mark, secret), seconds=DAYS * DAY)
    state.recorder.add(visitors_name(mark.share, is_held=mark.is_held))
    return mark
