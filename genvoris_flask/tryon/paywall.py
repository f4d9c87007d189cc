"""What a shopper sees who may not try on now: an offer, an account message, or an apology."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import QuotaReason
from ..sessions.shopper import Shopper
from .product import Product

log = logging.getLogger("genvoris_flask.tryon")

Kind = Literal["offer", "account", "unavailable"]
Reason = QuotaReason | Literal["credit_limit_reached"]


@dataclass(frozen=True)
class Refusal:
    """Why a try-on was refused.

    Attributes:
        reason: ``quota_exhausted``, ``no_plan``, ``paused``, ``cancelled`` or
            ``credit_limit_reached``.
        used: Try-ons spent in this period, where known.
        limit: Try-ons in this period, where known.
        shopper: Who was refused.
        product: What they wanted to try on, where known.
    """

    reason: Reason
    used: int | None = None
    limit: int | None = None
    shopper: Shopper | None = None
    product: Product | None = None

    @property
    def kind(self) -> Kind:
        """Whether to sell, to explain, or to apologise."""
        match self.reason:
            case "quota_exhausted" | "no_plan":
                return "offer"
            case "paused" | "cancelled":
                return "account"
            case _:
                return "unavailable"


@dataclass(frozen=True)
class Paywall:
    """A screen of the widget. ``action_label`` and ``action_url`` make its button."""

    title: str
    message: str
    action_label: str | None = None
    action_url: str | None = None


PaywallHook = Callable[[Refusal], Paywall]

_UNAVAILABLE = Paywall(
    "Try-on is taking a break",
    "Trying on is unavailable for now. Please come back later.",
)


def paywall_for(
    refusal: Refusal, hook: PaywallHook | None, upgrade_url: str | None
) -> dict[str, Any]:
    """Give the paywall of docs/http.md for a refusal.

    The shop's hook is asked about its shoppers' plans, but not about the shop's own empty credit
    pool: nothing that the shopper buys would help (contract, "Two ledgers").
    """
    if refusal.kind == "unavailable":
        paywall = _UNAVAILABLE
    else:
        paywall = _ask(hook, refusal) or _default(refusal, upgrade_url)
    return {"kind": refusal.kind, **asdict(paywall)}


def _ask(hook: PaywallHook | None, refusal: Refusal) -> Paywall | None:
    if hook is None:
        return None
    try:
        answer: object = hook(refusal)
    except Exception:  # the shop's own code: its fault must not take the dialog down
        log.exception("The function registered with @genvoris.paywall failed")
        return None
    if not isinstance(answer, Paywall):
        log.error("The function registered with @genvoris.paywall gave no Paywall")
        return None
    return answer


def _default(refusal: Refusal, upgrade_url: str | None) -> Paywall:
    match refusal.reason:
        case "quota_exhausted":
            spent = f"all {refusal.limit} try-ons" if refusal.limit else "all your try-ons"
            title, message = "That was your last try-on", f"You have used {spent} of this period."
        case "no_plan":
            title, message = "Try it on before you buy", "Choose a plan to see products on you."
        case "paused":
            title, message = "Your plan is paused", "Resume it to go on trying things on."
        case _:
            title, message = "Your plan has ended", "Your account has no try-ons any more."
    if not upgrade_url:
        return Paywall(title, message)
    label = "See plans" if refusal.kind == "offer" else "Go to my account"
    return Paywall(title, message, label, upgrade_url)
