"""Who a request is from: a shopper of the shop's cookie session, or a guest where allowed."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from flask import request, session

from ..errors import ForeignTokenError, GenvorisError, TokenError
from ..sessions.shopper import Shopper
from ..state import get_state
from ..storefront.shopping import current_shopper, login_url
from .answers import AnswerError, error_for_outcome
from .explain import explain_mint

log = logging.getLogger("genvoris_flask.tryon")

GUEST_KEY = "_genvoris_guest"
SESSION_BUDGET = 5.0  # seconds that a click may wait for a token


@dataclass(frozen=True)
class Visitor:
    """Who is asking. ``owner`` names them in the list of jobs; guests have no shopper."""

    owner: str
    shopper: Shopper | None


def current_visitor() -> Visitor | None:
    """Give who is asking, or None when they must log in first."""
    if shopper := current_shopper():
        return Visitor(f"shopper:{shopper.external_id}", shopper)
    if not get_state().settings.allow_guests:
        return None
    if GUEST_KEY not in session:
        session[GUEST_KEY] = secrets.token_urlsafe(16)
    return Visitor(f"guest:{session[GUEST_KEY]}", None)


def require_visitor() -> Visitor:
    """Give who is asking.

    Raises:
        AnswerError: 401 ``login_required``.
    """
    visitor = current_visitor()
    if visitor is None:
        raise AnswerError(
            401, "login_required", "Please log in to try this on.", login_url=login_url()
        )
    return visitor


def check_token(shopper: Shopper) -> None:
    """Check the token that the browser sent, if it sent one: it must be this shopper's.

    It decides nothing by itself; the cookie session does. But a page that holds a stranger's token
    must not go on.

    Raises:
        AnswerError: The token is not genuine, not this shop's, or not this shopper's.
    """
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer" or not credentials.token:
        return
    state = get_state()
    try:
        claims = state.verifier.verify(credentials.token)
        claims.must_match(state.broker.session(shopper, SESSION_BUDGET))
    except ForeignTokenError:
        raise AnswerError(
            403, "token_store_mismatch", "This page belongs to another shop. Please reload it."
        ) from None
    except TokenError as error:
        log.info("A session token from a browser was refused: %s", error)
        raise AnswerError(
            401, "invalid_session_token", "Your session has ended. Please try once more."
        ) from None
    except GenvorisError as error:
        raise error_for_outcome(explain_mint(error, shopper)) from error
