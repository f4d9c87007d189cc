"""``GET claim/TOKEN``: the link in an order's mail, by which a guest takes what they ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, has_request_context, redirect, request, url_for
from itsdangerous import BadData, URLSafeSerializer

from ...core.addresses import is_web_link
from ...errors import ConfigurationError, LedgerUnavailableError, see
from ..auth import login_url
from ..errors import HttpError
from ..hosts import own_url
from ..rate_limits import count_address
from ..shopper import current_shopper
from ..state import get_state

SALT = "genvoris-claim"


@dataclass(frozen=True)
class Claim:
    """What a link stands for.

    Attributes:
        order_id: The shop's id of the order.
        next: The path where the shopper goes on.
    """

    order_id: str
    next: str


def claim_order(token: str) -> Any:
    """Take a guest's order into the account of whoever has its link, after a log-in."""
    count_address("session")
    claim = read_claim(token)
    spending = get_state().spending
    if claim is None or spending is None:
        raise HttpError("path_not_allowed")
    shopper = current_shopper()
    if shopper is None:
        url = login_url()
        if url is None:
            raise HttpError("login_required")
        return redirect(log_in_first(url), 303)
    try:
        spending.claim_order(shopper.external_id, claim.order_id)
    except LedgerUnavailableError:
        raise HttpError("busy", retry_after=5) from None
    return redirect(claim.next, 303)


def claim_url(order_id: str, *, next: str = "/") -> str:  # noqa: A002  (as in the shop's own links)
    """Return a link for the mail to whoever ordered as a guest.

    It is signed, so nobody else can make one, and has no end: what was ordered has. Outside of a
    request, the app needs a SERVER_NAME.

    Args:
        order_id: The shop's id of the order.
        next: The path of this shop where the shopper goes on.

    Raises:
        ConfigurationError: The shop has no ledger, or the app no SECRET_KEY.
        ValueError: ``next`` is no path of this shop.
    """
    if not next.startswith("/") or next.startswith("//") or "\\" in next or not is_web_link(next):
        raise ValueError("next must be a path of this shop, such as /account.")
    if get_state().spending is None:
        raise ConfigurationError(
            f"Only a ledger keeps guests' orders: set GENVORIS_DATABASE_URL ({see('billing.md')})."
        )
    token = _serializer().dumps([order_id, next])
    if has_request_context():
        return own_url(f"/claim/{token}")
    return url_for("genvoris_claims.claim_order", token=token, _external=True)


def read_claim(token: str) -> Claim | None:
    """Return what a link stands for; None if it is not genuine."""
    try:
        order_id, target = _serializer().loads(token)
    except BadData:
        return None
    return Claim(order_id, target)


def log_in_first(url: str) -> str:
    """Return the address of the log-in, which leads back to the current one."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode({'next': request.script_root + request.path})}"


def _serializer() -> URLSafeSerializer:
    if not current_app.secret_key:
        raise ConfigurationError("Links to claim an order need a SECRET_KEY.")
    former = current_app.config.get("SECRET_KEY_FALLBACKS") or ()
    return URLSafeSerializer([*former, current_app.secret_key], salt=SALT)
