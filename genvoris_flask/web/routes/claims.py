"""``GET claim/TOKEN``: the link in an order's mail."""

from __future__ import annotations

from typing import Any

from flask import redirect

from ...errors import LedgerUnavailableError
from ..auth import login_url
from ..claims import log_in_first, read_claim
from ..errors import HttpError
from ..rate_limits import count_address
from ..shopper import current_shopper
from ..state import get_state


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
