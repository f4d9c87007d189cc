"""Whether the shopper of this page may try on, in the shape of Genvoris's own status."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.api.models import Usage
from ...core.ledger.models import CREDIT_KINDS, NOTICE_DAYS, Balance, Spending
from ...core.pacing import PacedError
from ...core.products import Product
from ...core.sessions import Shopper
from ...core.tryon.paywall import PaywallOption, Refusal, reason_against, timestamp
from ...core.tryon.spending import quota_of, refusal_of
from ...errors import GenvorisError, LedgerUnavailableError, NotFoundError
from ..auth import Visitor, login_url
from ..callbacks import AppSignals
from ..consents import consent_status
from ..daily_limits import limit_status
from ..errors import translate
from ..pacing import unavailable_fields
from ..paywalls import paywall_fields
from ..state import get_state
from ..texts import say

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

STATUS_TIMEOUT = 3.0  # seconds; the shopper has already opened the dialog

_EMPTY: dict[str, Any] = {
    "message": None,
    "quota": None,
    "plan": None,
    "monetizationModel": None,
    "overageEnabled": False,
    "externalId": None,
    "canTryOn": False,
    "remaining": None,
    "reason": None,
    "balance": None,
    "paywall": None,
    "options": [],
    "login_url": None,
    "consent": None,
}
# What Genvoris calls each reason against a try-on, and what the shopper can do about it.
_ACCESS = {
    "quota_exhausted": {"access": "EXHAUSTED", "ctaType": "upgrade"},
    "no_plan": {"access": "LOCKED", "ctaType": "upgrade"},
    "paused": {"access": "LOCKED", "ctaType": "account"},
    "cancelled": {"access": "LOCKED", "ctaType": "account"},
}
_ALLOWED = {"access": "ALLOWED", "ctaType": "tryon", "canTryOn": True}


def status_fields(visitor: Visitor | None, product: Product | None) -> dict[str, Any]:
    """Return the status of docs/http.md. Errors of Genvoris's are part of it."""
    fields = _status_fields(visitor, product)
    if visitor is not None and fields["canTryOn"]:
        fields["consent"] = consent_status(visitor)
    return fields


def _status_fields(visitor: Visitor | None, product: Product | None) -> dict[str, Any]:
    state = get_state()
    if product is not None and not state.may_try_on(product):
        hidden = {"access": "ERROR", "ctaType": "none"}
        return {**_EMPTY, **hidden, "message": translate("product_unavailable")}
    if visitor is None:
        return {**_EMPTY, **_login_fields()}
    if visitor.shopper is None:
        allowed = {**_EMPTY, **_ALLOWED, "monetizationModel": "FREE_ALL"}
        return {**allowed, **limit_status(visitor)}
    if state.spending is not None and state.settings.is_free:
        free = {"monetizationModel": "FREE_ALL", "externalId": visitor.shopper.external_id}
        return {**_EMPTY, **_ALLOWED, **free, **limit_status(visitor)}
    if state.spending is not None:
        fields = {**_EMPTY, **_balance_fields(state.spending, visitor.shopper, product)}
        return {**fields, **limit_status(visitor)} if fields["canTryOn"] else fields
    try:
        usage = _read_usage(visitor.shopper)
    except NotFoundError:
        return {
            **_EMPTY,
            **_refusal_fields(Refusal("no_plan", None, None, visitor.shopper, product)),
        }
    except PacedError as error:
        return {**_EMPTY, **unavailable_fields(error.retry_after or 0.0)}
    except GenvorisError as error:
        log.warning("A shopper's status could not be read from Genvoris: %s", error)
        unknown = {"access": "ERROR", "ctaType": "none"}
        return {**_EMPTY, **unknown, "message": translate("internal_error")}
    fields = {**_EMPTY, **_usage_fields(usage), **_access_fields(usage, visitor, product)}
    return {**fields, **limit_status(visitor)} if fields["canTryOn"] else fields


def _read_usage(shopper: Shopper) -> Usage:
    """Return what a shopper has used; register one who is to be, since they opened the dialog.

    Raises:
        GenvorisError: Genvoris does not know them, or could not be asked.
    """
    state = get_state()
    # While Genvoris does not answer, a dialog blocks a worker no longer than a page does.
    timeout = state.settings.page_budget if state.broker.is_backing_off else STATUS_TIMEOUT
    customers, broker = state.client.with_timeout(timeout).customers, state.broker
    if not broker.registers:
        broker.introduce(shopper)
    if not broker.registers or broker.is_known(shopper):
        try:
            return customers.usage(broker.customer_id(shopper))
        except NotFoundError:
            if not broker.registers:
                raise
    return customers.usage(broker.session(shopper, timeout).customer_id)


def _login_fields() -> dict[str, Any]:
    url = login_url()
    return {
        "access": "LOCKED",
        "ctaType": "login",
        "message": translate("login_required"),
        "options": [PaywallOption("log_in", say("action.login"), url=url).fields()],
        "login_url": url,
    }


def _balance_fields(
    spending: Spending, shopper: Shopper, product: Product | None
) -> dict[str, Any]:
    try:
        balance = spending.balance(shopper.external_id, verified_email=shopper.verified_email)
        notices = spending.expiring(shopper.external_id) if _ends_soon(balance) else []
    except LedgerUnavailableError as error:
        log.error("A shopper's balance could not be read: %s", error)  # noqa: TRY400
        return {"access": "ERROR", "ctaType": "none", "message": translate("internal_error")}
    AppSignals(get_state().app).expiring(notices)
    quota = quota_of(balance)
    ends = balance.next_expiry
    fields: dict[str, Any] = {
        "quota": {"used": quota.used, "limit": quota.limit, "resetsAt": None},
        "monetizationModel": "LEDGER",
        "externalId": shopper.external_id,
        "remaining": balance.available,
        "balance": {
            "available": balance.available,
            "expiring": balance.expiring if ends else 0,
            "nextExpiry": ends and timestamp(ends),
        },
    }
    if balance.available:
        return {**fields, **_ALLOWED}
    refusal = refusal_of(balance, shopper, product)
    return {**fields, **_refusal_fields(refusal, balance=balance)}


def _ends_soon(balance: Balance) -> bool:
    """Return whether credits end so soon that their shopper may have to be told."""
    ends = [lot.expires_at for lot in balance.lots if lot.kind in CREDIT_KINDS]
    soon = datetime.fromtimestamp(get_state().clock(), UTC) + timedelta(days=max(NOTICE_DAYS))
    return any(end is not None and end <= soon for end in ends)


def _usage_fields(usage: Usage) -> dict[str, Any]:
    end = usage.period_end
    return {
        "quota": {
            "used": usage.used,
            "limit": usage.limit or 0,
            "resetsAt": end and timestamp(end),
        },
        "plan": usage.plan_name,
        "monetizationModel": "SUBSCRIPTION",
        "externalId": usage.external_id,
        "remaining": usage.remaining,
    }


def _access_fields(usage: Usage, visitor: Visitor, product: Product | None) -> dict[str, Any]:
    reason = reason_against(usage)
    if reason is None:
        return _ALLOWED
    refusal = Refusal(reason, usage.used, usage.limit, visitor.shopper, product)
    return _refusal_fields(refusal, renews_at=usage.period_end)


def _refusal_fields(
    refusal: Refusal, *, balance: Balance | None = None, renews_at: datetime | None = None
) -> dict[str, Any]:
    paywall = paywall_fields(refusal, balance=balance, renews_at=renews_at)
    return {
        **_ACCESS[refusal.reason],
        "reason": refusal.reason,
        "message": paywall["title"],
        "paywall": paywall,
        "options": paywall["options"],
    }
