"""``account/erase`` and ``account/data``: what shoppers do with their own data, by plain forms.

Only pages of the shop's own origin may ask, and the shop's own log-in says whose data it is.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Response, redirect, request

from ...core.products import own_page
from ...core.sessions import Shopper
from ...errors import GenvorisError
from ..auth import authorize, login_url
from ..errors import HttpError, isolate
from ..hosts import SAFE_METHODS, may_change, shop_url
from ..own_data import RECEIPT, TROUBLE, keep_receipt, with_answer
from ..privacy import AppPrivacy
from ..state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask.privacy")


def erase() -> Any:
    """Erase all that is known of the shopper, and lead back to the page with the receipt."""
    shopper = _shopper()
    page = own_page(request.form.get("next", ""), shop_url(request))
    page = page or f"{request.script_root}/"
    if request.form.get("confirm") != "yes":
        return redirect(with_answer(page, TROUBLE, "unconfirmed"), 303)
    state = get_state()
    try:
        receipt = AppPrivacy(state).erase(shopper.external_id)
    except GenvorisError as error:
        log.warning("A shopper's data could not be erased: %s", type(error).__name__)
        return redirect(with_answer(page, TROUBLE, "failed"), 303)
    keep_receipt(state, receipt)
    return redirect(with_answer(page, RECEIPT, receipt.id), 303)


def download() -> Response:
    """Return all that is known of the shopper, as a file."""
    shopper = _shopper()
    try:
        exported = AppPrivacy(get_state()).export(shopper.external_id)
    except GenvorisError as error:
        log.warning("A shopper's data could not be exported: %s", type(error).__name__)
        raise HttpError("busy", retry_after=60) from error
    body = json.dumps(exported, ensure_ascii=False, indent=2)
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-try-on-data.json"'
    return isolate(response)


def _shopper() -> Shopper:
    """Return whose data it is.

    Raises:
        HttpError: 403 ``cross_origin``, also for pages that the shop trusts with try-ons;
            401 ``login_required``, also for guests, who have no account; 429 ``rate_limited``.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    reads = request.method in SAFE_METHODS  # for which older browsers name no origin
    if site not in ("same-origin", "none") or not (reads or may_change(request, ())):
        raise HttpError("cross_origin")
    shopper = authorize("data").shopper
    if shopper is None:
        raise HttpError("login_required", login_url=login_url())
    return shopper
