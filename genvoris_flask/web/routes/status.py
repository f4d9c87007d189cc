"""Whether the shopper of this page may try on, in the contract's status shape."""

from __future__ import annotations

import logging
from typing import Any

from ...core.api.models import Usage
from ...core.products import Product
from ...core.tryon.paywall import Refusal, paywall_for, reason_against
from ...errors import GenvorisError, NotFoundError
from ..auth import Visitor
from ..errors import page_language, translate
from ..guest_limits import guest_status
from ..shopper import login_url
from ..state import get_state

log = logging.getLogger("genvoris_flask.tryon")

STATUS_TIMEOUT = 3.0  # seconds: the shopper has the dialog open already

_NOTHING: dict[str, Any] = {
    "message": None,
    "quota": None,
    "plan": None,
    "monetizationModel": None,
    "overageEnabled": False,
    "externalId": None,
    "canTryOn": False,
    "remaining": None,
    "reason": None,
    "paywall": None,
    "login_url": None,
}
# What each state of a shopper is in the contract's words, and what they can do about it.
_ACCESS = {
    "quota_exhausted": {"access": "EXHAUSTED", "ctaType": "upgrade"},
    "no_plan": {"access": "LOCKED", "ctaType": "upgrade"},
    "paused": {"access": "LOCKED", "ctaType": "account"},
    "cancelled": {"access": "LOCKED", "ctaType": "account"},
}
_ALLOWED = {"access": "ALLOWED", "ctaType": "tryon", "canTryOn": True}


def status_fields(visitor: Visitor | None, product: Product | None) -> dict[str, Any]:
    """Give the status of docs/http.md. Never raises because of Genvoris."""
    state = get_state()
    if product is not None and not state.hooks.may_try_on(product):
        hidden = {"access": "ERROR", "ctaType": "none"}
        return {**_NOTHING, **hidden, "message": translate("product_unavailable")}
    if visitor is None:
        login = {"access": "LOCKED", "ctaType": "login", "login_url": login_url()}
        return {**_NOTHING, **login, "message": translate("login_required")}
    if visitor.shopper is None:
        allowed = {**_NOTHING, **_ALLOWED, "monetizationModel": "FREE_ALL"}
        return {**allowed, **guest_status(visitor)}
    # While it does not answer, the shopper's dialog costs a worker no more than a page would.
    patience = state.settings.page_budget if state.broker.is_backing_off else STATUS_TIMEOUT
    client = state.client.with_timeout(patience)
    try:
        usage = client.customers.usage(state.broker.customer_id(visitor.shopper))
    except NotFoundError:
        return {**_NOTHING, **_refused(Refusal("no_plan", None, None, visitor.shopper, product))}
    except GenvorisError as error:
        log.warning("Genvoris could not be asked for a shopper's status: %s", error)
        unknown = {"access": "ERROR", "ctaType": "none"}
        return {**_NOTHING, **unknown, "message": translate("internal_error")}
    return {**_NOTHING, **_known(usage), **_standing(usage, visitor, product)}


def _known(usage: Usage) -> dict[str, Any]:
    ends = usage.period_end
    return {
        "quota": {
            "used": usage.used,
            "limit": usage.limit or 0,
            "resetsAt": ends.isoformat().replace("+00:00", "Z") if ends else None,
        },
        "plan": usage.plan_name,
        "monetizationModel": "SUBSCRIPTION",
        "externalId": usage.external_id,
        "remaining": usage.remaining,
    }


def _standing(usage: Usage, visitor: Visitor, product: Product | None) -> dict[str, Any]:
    reason = reason_against(usage)
    if reason is None:
        return _ALLOWED
    return _refused(Refusal(reason, usage.used, usage.limit, visitor.shopper, product))


def _refused(refusal: Refusal) -> dict[str, Any]:
    state = get_state()
    paywall = paywall_for(refusal, state.hooks.paywall, state.settings.upgrade_url, page_language())
    standing = _ACCESS[refusal.reason]
    return {**standing, "reason": refusal.reason, "message": paywall["title"], "paywall": paywall}
