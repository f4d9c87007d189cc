"""What a shopper who may not try on sees: an offer, an account message, or an apology."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ...errors import QuotaReason
from ..api.models import Usage
from ..links import is_link
from ..locales import DEFAULT, translate
from ..products import Product
from ..sessions import Shopper

log = logging.getLogger("genvoris_flask.tryon")

Kind = Literal["offer", "account", "unavailable"]
Reason = QuotaReason | Literal["credit_limit_reached"]


@dataclass(frozen=True)
class Refusal:
    """Why a try-on was refused.

    Attributes:
        reason: ``quota_exhausted``, ``no_plan``, ``paused``, ``cancelled`` or
            ``credit_limit_reached``.
        used: Try-ons used in this period, if known.
        limit: Try-ons in this period, if known.
        shopper: Who was refused.
        product: What they wanted to try on, if known.
    """

    reason: Reason
    used: int | None = None
    limit: int | None = None
    shopper: Shopper | None = None
    product: Product | None = None

    @property
    def kind(self) -> Kind:
        """The kind of screen: one that sells, explains, or apologises."""
        match self.reason:
            case "quota_exhausted" | "no_plan":
                return "offer"
            case "paused" | "cancelled":
                return "account"
            case _:
                return "unavailable"


@dataclass(frozen=True)
class Paywall:
    """A screen of the widget, with a button if it has ``action_label`` and ``action_url``.

    Raises:
        ValueError: ``action_url`` cannot be linked to, such as ``javascript:…``.
    """

    title: str
    message: str
    action_label: str | None = None
    action_url: str | None = None

    def __post_init__(self) -> None:
        if self.action_url is not None and not is_link(str(self.action_url)):
            raise ValueError(
                "Paywall.action_url must be a path of the shop, or an http, https, mailto or tel "
                "address."
            )


def reason_against(usage: Usage) -> Reason | None:
    """Return why a shopper with this usage may not try on, or None if they may."""
    if usage.status == "CANCELLED":
        return "cancelled"
    if usage.status == "PAUSED":
        return "paused"
    if not usage.limit:
        return "no_plan"
    return None if usage.ok and usage.remaining > 0 else "quota_exhausted"


PaywallHook = Callable[[Refusal], Paywall | None]


def paywall_for(
    refusal: Refusal, hook: PaywallHook | None, upgrade_url: str | None, language: str = DEFAULT
) -> dict[str, Any]:
    """Return the paywall of docs/http.md for a refusal.

    The shop's hook may return None for the default paywall. It is not called when the shop's own
    credit pool is empty, since nothing that the shopper buys would help (docs/genvoris-api.md).
    """
    custom = None if refusal.kind == "unavailable" else _call_hook(hook, refusal)
    paywall = custom or _default(refusal, upgrade_url, language)
    return {"kind": refusal.kind, **asdict(paywall)}


def _call_hook(hook: PaywallHook | None, refusal: Refusal) -> Paywall | None:
    if hook is None:
        return None
    try:
        answer: object = hook(refusal)
    except Exception:  # the shop's own code must not break the dialog
        log.exception("The function registered with @genvoris.paywall failed")
        return None
    if answer is None or isinstance(answer, Paywall):
        return answer
    log.error(
        "The function registered with @genvoris.paywall must return a genvoris_flask.Paywall or "
        "None, not %s",
        type(answer).__name__,
    )
    return None


def _default(refusal: Refusal, upgrade_url: str | None, language: str) -> Paywall:
    key = f"paywall.{refusal.reason}"
    # The counted sentences are in the plural.
    counted = refusal.reason == "quota_exhausted" and (refusal.limit or 0) > 1
    title = translate(f"{key}.title", language)
    variant = "counted" if counted else "message"
    message = translate(f"{key}.{variant}", language, limit=refusal.limit)
    if not upgrade_url or refusal.kind == "unavailable":
        return Paywall(title, message)
    return Paywall(title, message, translate(f"action.{refusal.kind}", language), upgrade_url)
