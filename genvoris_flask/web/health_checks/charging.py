"""Checks of the ways in which the shop charges for try-ons."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.charging.options import PRICE_KEYS
from ..state import AppState
from .finding import Finding, good, warn, wrong


def check_charging(state: AppState) -> Iterator[Finding]:
    """Check that shoppers can pay in each way in which the shop charges, and see the price."""
    settings = state.settings
    if not settings.charging:
        return
    yield good("charging", f"Shoppers get try-ons by {' and '.join(settings.charging)}.")
    if settings.is_free and len(settings.charging) > 1:
        yield warn("charging", "While GENVORIS_CHARGING has free, nothing else is offered.")
        return
    if "subscription" in settings.charging:
        yield from _check_plans(state)
    if settings.free_tryons and "freemium" in settings.charging:
        yield from _check_addresses(state)


def _check_plans(state: AppState) -> Iterator[Finding]:
    sold = [plan for plan in state.settings.plans or () if plan.external_price_id]
    silent = [
        plan.name
        for plan in sold
        if not any(isinstance(plan.own.get(key), str) for key in PRICE_KEYS)
    ]
    if silent:
        yield warn(
            "prices",
            f"Paywalls offer {' and '.join(silent)} without a price: give it a price_text in "
            'GENVORIS_PLANS, as shoppers read it, such as "9 € a month".',
        )
    if not state.settings.upgrade_url and not all("url" in plan.own for plan in sold):
        yield wrong(
            "plans' page",
            "Paywalls offer plans, but no page that sells them: set GENVORIS_UPGRADE_URL.",
        )


def _check_addresses(state: AppState) -> Iterator[Finding]:
    settings = state.settings
    if state.hooks.shopper_loader:
        yield good(
            "addresses",
            "Free try-ons are for shoppers whom @genvoris.shopper_loader returns with "
            "email_verified=True.",
        )
    elif settings.email_verified_attribute is None:
        yield wrong(
            "addresses",
            "Nobody gets free try-ons: set GENVORIS_EMAIL_VERIFIED_ATTRIBUTE to the attribute of "
            "your users that says whether their address is verified, such as confirmed_at.",
        )
    else:
        name = settings.email_verified_attribute
        yield good("addresses", f"Free try-ons are for users whose {name} is set.")
