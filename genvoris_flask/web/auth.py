"""Who a request is from: a shopper of the shop's cookie session, or a guest where allowed."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from flask import request, session

from ..core.sessions.shopper import Shopper
from ..core.storage.interface import digest
from ..core.tryon.error_mapping import explain_mint
from ..errors import ForeignTokenError, GenvorisError, TokenError
from .cookies import keep_cookie, read_cookie
from .errors import HttpError
from .rate_limits.requests import count_address, count_shopper, sender_address
from .serializers import error_for_outcome
from .shopper import current_shopper, log_loader_failure, login_url
from .state import get_state

log = logging.getLogger("genvoris_flask.tryon")

GUEST_COOKIE = "genvoris_guest"
OLD_GUEST_KEY = "_genvoris_guest"  # in the session, where earlier versions kept it
_NEW_GUEST = "genvoris.new_guest"
SESSION_BUDGET = 5.0  # seconds that a click may wait for a token


@dataclass(frozen=True)
class Visitor:
    """Who is asking. ``owner`` names them in the list of jobs; guests have no shopper."""

    owner: str
    shopper: Shopper | None


def current_visitor() -> Visitor | None:
    """Give who is asking, or None when they must log in first."""
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
    """Return who a guest is, by a secret that their browser keeps."""
    environ = request.environ  # which lives as long as the request; g may live longer, in tests
    known = read_cookie(GUEST_COOKIE) or session.get(OLD_GUEST_KEY) or environ.get(_NEW_GUEST)
    if known is None:
        known = environ[_NEW_GUEST] = secrets.token_urlsafe(16)
        keep_cookie(GUEST_COOKIE, known)
    return str(known)


def require_visitor() -> Visitor:
    """Give who is asking.

    Raises:
        HttpError: 401 ``login_required``.
    """
    visitor = current_visitor()
    if visitor is None:
        raise HttpError("login_required", login_url=login_url())
    return visitor


def admit(name: str) -> Visitor:
    """Give who is asking, and count it against the limits of what they ask for.

    Args:
        name: What is limited: ``session``, ``tryons``, …

    Raises:
        HttpError: 401 ``login_required`` or 429 ``rate_limited``.
    """
    count_address(name)
    visitor = require_visitor()
    count_shopper(name, visitor.owner)
    return visitor


def guest_address(visitor: Visitor) -> str | None:
    """Return where a guest is; None for a shopper, and where only the shop's proxy is known."""
    return sender_address() if visitor.shopper is None else None


def slot_owner(visitor: Visitor) -> str:
    """Return who takes one of ``web.slots``: a guest without cookies is another in each request."""
    address = guest_address(visitor)
    return f"address:{address}" if address else visitor.owner


def key_for_genvoris(owner: str, key: str) -> str:
    """Give an owner's Idempotency-Key as Genvoris gets it.

    All shoppers share the shop's API key, so the same key of two of them must not look the same.
    """
    return digest(digest(owner) + key)


def check_token(shopper: Shopper) -> None:
    """Check the token that the browser sent, if it sent one: it must be this shopper's.

    It decides nothing by itself; the cookie session does. But a page that holds a stranger's token
    must not go on. The header is taken apart here, since Werkzeug would parse one of any length.

    Raises:
        HttpError: The token is not genuine, not this shop's, or not this shopper's.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return
    state = get_state()
    try:
        claims = state.verifier.verify(token)
        claims.must_match(state.broker.session(shopper, SESSION_BUDGET))
    except ForeignTokenError:
        raise HttpError("token_store_mismatch") from None
    except TokenError as error:
        log.info("A session token from a browser was refused: %s", error)
        raise HttpError("invalid_session_token") from None
    except GenvorisError as error:
        raise error_for_outcome(explain_mint(error, shopper), error) from error
