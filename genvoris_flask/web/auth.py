"""Who a request is from: a shopper by the shop's own login, or a guest if those are allowed.

Routes ask only this module; ``shopper`` has the shop's side of it.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from flask import request, session

from ..core.api.models import Session
from ..core.sessions import Shopper
from ..errors import ForeignTokenError, GenvorisError, TokenError
from .cookies import LIFETIME, keep_cookie, read_cookie
from .errors import HttpError
from .rate_limits import count_address, count_shopper, sender_address
from .serializers import error_for_outcome
from .shopper import current_shopper, log_loader_failure
from .shopper import login_url as login_url
from .state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

GUEST_COOKIE = "genvoris_guest"
OLD_GUEST_KEY = "_genvoris_guest"  # in the session, where earlier versions kept it
_NEW_GUEST = "genvoris.new_guest"
SESSION_BUDGET = 5.0  # seconds; how long a click may wait for a token


@dataclass(frozen=True)
class Visitor:
    """Who sent the request.

    Attributes:
        owner: Names them in jobs, limits and counts.
        shopper: The shopper; None for a guest.
    """

    owner: str
    shopper: Shopper | None


def current_visitor() -> Visitor | None:
    """Return who sent the request, or None if they must log in first."""
    try:
        shopper = current_shopper()
    except Exception as error:  # the shop's own function, and perhaps its own error pages
        log_loader_failure(error)
        raise HttpError("internal_error") from error
    if shopper:
        return Visitor(f"shopper:{shopper.external_id}", shopper)
    if not get_state().settings.allow_guests:
        return None
    return Visitor(f"guest:{_guest_id()}", None)


def _guest_id() -> str:
    """Return a guest's id, a secret that their browser keeps in a cookie."""
    environ = request.environ  # lives exactly as long as the request; g may outlive it in tests
    known = read_cookie(GUEST_COOKIE) or session.get(OLD_GUEST_KEY) or environ.get(_NEW_GUEST)
    if known is None:
        known = environ[_NEW_GUEST] = secrets.token_urlsafe(16)
        keep_cookie(GUEST_COOKIE, known)
    return str(known)


def renew_guest() -> int:
    """Keep a known guest's cookie for its whole lifetime again.

    Returns:
        For how many days they are known; 0 for a guest without a cookie.
    """
    known = read_cookie(GUEST_COOKIE)
    if known is None:
        return 0
    keep_cookie(GUEST_COOKIE, known)
    return LIFETIME // (24 * 3600)


def require_visitor() -> Visitor:
    """Return who sent the request.

    Raises:
        HttpError: 401 ``login_required``.
    """
    visitor = current_visitor()
    if visitor is None:
        raise HttpError("login_required", login_url=login_url())
    return visitor


def authorize(name: str) -> Visitor:
    """Return who sent the request, and count it against their rate limits.

    Args:
        name: The name of the limit: ``session``, ``tryons``, …

    Raises:
        HttpError: 401 ``login_required`` or 429 ``rate_limited``.
    """
    count_address(name)
    visitor = require_visitor()
    count_shopper(name, visitor.owner)
    return visitor


def guest_address(visitor: Visitor) -> str | None:
    """Return a guest's address; None for a shopper, or if only the shop's proxy is known."""
    return sender_address() if visitor.shopper is None else None


def slot_owner(visitor: Visitor) -> str:
    """Return who an upload's slot belongs to: a guest's address, as cookies can be left out."""
    address = guest_address(visitor)
    return f"address:{address}" if address else visitor.owner


def session_for(shopper: Shopper) -> Session:
    """Return a shopper's session, minted if necessary.

    Raises:
        HttpError: There is none, for instance because the shopper has no plan.
    """
    state = get_state()
    try:
        return state.broker.session(shopper, SESSION_BUDGET)
    except GenvorisError as error:
        outcome = state.error_mapper.explain_mint(error, shopper)
        raise error_for_outcome(outcome, error) from error


def check_token(shopper: Shopper) -> None:
    """Check that the token in the Authorization header, if any, is this shopper's.

    The cookie session alone decides who is shopping, but a page that holds somebody else's token
    must not go on. The header is split here because Werkzeug would parse one of any length.

    Raises:
        HttpError: The token is not genuine, not this shop's, or not this shopper's.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return
    try:
        claims = get_state().verifier.verify(token)
        claims.must_match(session_for(shopper))
    except ForeignTokenError:
        raise HttpError("token_store_mismatch") from None
    except TokenError as error:
        log.info("A session token from a browser was refused: %s", error)
        raise HttpError("invalid_session_token") from None
    except GenvorisError as error:  # the keys that it is verified with could not be fetched
        outcome = get_state().error_mapper.explain_mint(error, shopper)
        raise error_for_outcome(outcome, error) from error
