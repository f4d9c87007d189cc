"""What a shopper who may not try on sees: an offer, an account message, or an apology."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ...errors import QuotaReason
from ..addresses import is_link, is_web_link
from ..api.models import Usage
from ..locales import DEFAULT, Translate, translate
from ..products import Product
from ..sessions import Shopper

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

Kind = Literal["offer", "account", "unavailable"]
Reason = QuotaReason | Literal["credit_limit_reached"]


def timestamp(time: datetime) -> str:
    """Return a time as JSON has it, such as ``2026-08-01T12:00:00Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


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
        language: The dialog's language, such as ``de``, when a paywall is asked for; else None.
    """

    reason: Reason
    used: int | None = None
    limit: int | None = None
    shopper: Shopper | None = None
    product: Product | None = None
    language: str | None = None

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
class PaywallOption:
    """One way to go on, such as to subscribe, to pay once or to wait.

    Attributes:
        kind: ``subscribe``, ``checkout``, ``order``, ``wait``, ``log_in``, or another word of the
            shop's own.
        title: What it is, in the shopper's language.
        price: What it costs, as the shopper reads it.
        url: Where it leads; None if there is nothing to do but wait.
        try_ons: How many try-ons it brings.
        at: When it takes effect, such as the day on which the quota renews.

    Raises:
        TypeError: ``at`` has no time zone.
        ValueError: ``url`` is no path and no http or https address.
    """

    kind: str
    title: str
    price: str | None = None
    url: str | None = None
    try_ons: int | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.url is not None and not is_web_link(str(self.url)):
            raise ValueError(
                "PaywallOption.url must be a path of the shop, or an http or https address."
            )
        if self.at is not None and self.at.tzinfo is None:
            raise TypeError("PaywallOption.at must have a time zone, such as datetime.now(UTC).")

    def fields(self) -> dict[str, Any]:
        """Return the option of docs/http.md."""
        return {
            "kind": self.kind,
            "title": self.title,
            "price": self.price,
            "url": self.url,
            "tryOns": self.try_ons,
            "at": self.at and timestamp(self.at),
        }


@dataclass(frozen=True)
class Paywall:
    """A screen of the widget, with a button if it has ``action_label`` and ``action_url``.

    Attributes:
        title: Its heading.
        message: What it says.
        action_label: What its button says.
        action_url: Where the button leads.
        options: Every way to go on, the most likely first; drawn instead of the single button.

    Raises:
        TypeError: ``options`` has something else than a ``PaywallOption``.
        ValueError: ``action_url`` cannot be linked to, such as ``javascript:…``.
    """

    title: str
    message: str
    action_label: str | None = None
    action_url: str | None = None
    options: Sequence[PaywallOption] = ()

    def __post_init__(self) -> None:
        if self.action_url is not None and not is_link(str(self.action_url)):
            raise ValueError(
                "Paywall.action_url must be a path of the shop, or an http, https, mailto or tel "
                "address."
            )
        if not all(isinstance(option, PaywallOption) for option in self.options):
            raise TypeError("Paywall.options must be a list of genvoris_flask.PaywallOption.")

    def fields(self) -> dict[str, Any]:
        """Return the fields of docs/http.md."""
        return {
            "title": self.title,
            "message": self.message,
            "action_label": self.action_label,
            "action_url": self.action_url,
            "options": [option.fields() for option in self.options],
        }


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
    refusal: Refusal,
    hook: PaywallHook | None,
    upgrade_url: str | None,
    language: str = DEFAULT,
    *,
    options: Sequence[PaywallOption] = (),
    has_ledger: bool = False,
    sells_plans: bool = True,
    say: Translate = translate,
) -> dict[str, Any]:
    """Return the paywall of docs/http.md for a refusal.

    The shop's hook may return None for the default paywall. It is not called when the shop's own
    credit pool is empty, since nothing that the shopper buys would help (docs/genvoris-api.md).

    Args:
        refusal: Why a try-on was refused.
        hook: The shop's function.
        upgrade_url: Where the default paywall leads.
        language: The dialog's language.
        options: The ways to go on of the default paywall.
        has_ledger: Whether the shop's ledger counts, which knows no plans or periods.
        sells_plans: Whether there are plans at ``upgrade_url``.
        say: Returns messages.
    """
    if refusal.kind == "unavailable":
        return {"kind": refusal.kind, **_default(refusal, None, language, say).fields()}
    paywall = _call_hook(hook, replace(refusal, language=language))
    if paywall is None:
        default = _default(
            refusal, upgrade_url, language, say, has_ledger=has_ledger, sells_plans=sells_plans
        )
        paywall = replace(default, options=options)
    return {"kind": refusal.kind, **paywall.fields()}


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


def _default(
    refusal: Refusal,
    upgrade_url: str | None,
    language: str,
    say: Translate,
    *,
    has_ledger: bool = False,
    sells_plans: bool = True,
) -> Paywall:
    key = f"paywall.{refusal.reason}"
    # The counted sentences are in the plural.
    counted = refusal.reason == "quota_exhausted" and (refusal.limit or 0) > 1
    title = say(f"{key}.title", language)
    variant = "counted" if counted else "message"
    if has_ledger and refusal.kind == "offer":
        variant = "ledger"
    message = say(f"{key}.{variant}", language, limit=refusal.limit)
    if not upgrade_url:
        return Paywall(title, message)
    key = f"action.{refusal.kind}"
    if refusal.kind == "offer" and not sells_plans:
        key = "account.more"
    return Paywall(title, message, say(key, language), upgrade_url)
