"""Checks of the ways in which the shop charges for try-ons."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.charging.options import PRICE_KEYS
from ..state import AppState
from .finding import Finding, good, warn, wrong


def check_charging(state: AppState, *, is_only_process: bool = False) -> Iterator[Finding]:
    """Check that shoppers can pay in each way in which the shop charges, and see the price."""
    settings = state.settings
    yield from _check_daily_limits(state, is_only_process=is_only_process)
    if not settings.charging:
        return
    yield good("charging", "Shoppers get try-ons by {ways}.", ways=settings.charging)
    if settings.is_free and len(settings.charging) > 1:
        yield warn("charging", "While GENVORIS_CHARGING has free, nothing else is offered.")
        return
    if "subscription" in settings.charging:
        yield from _check_plans(state)
    if settings.free_tryons and "freemium" in settings.charging:
        yield from _check_addresses(state)


def _check_daily_limits(state: AppState, *, is_only_process: bool) -> Iterator[Finding]:
    """Check what a day can cost where try-ons are made for nothing."""
    settings = state.settings
    limits = (settings.shop_tryons_per_day, settings.tryons_per_day, settings.guest_tryons_per_day)
    is_open = settings.is_free or settings.allow_guests
    if is_open and settings.shop_tryons_per_day is None:
        yield warn(
            "daily limits",
            "Try-ons are made for nothing, and nothing limits what a day may cost all together: "
            "set GENVORIS_SHOP_TRYONS_PER_DAY.",
        )
    elif any(limits) and settings.store_url is None and not is_only_process:
        yield warn(
            "daily limits",
            "Each process counts the try-ons of a day by itself: set GENVORIS_STORE_URL, so that "
            "they are counted together.",
        )
    elif any(limits):
        yield good("daily limits", "Try-ons of a day are counted for all processes together.")


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
            "Paywalls offer {plans} without a price: give it a price_text in GENVORIS_PLANS, as "
            'shoppers read it, such as "9 € a month".',
            plans=silent,
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
        yield good(
            "addresses",
            "Free try-ons are for users whose {attribute} is set.",
            attribute=settings.email_verified_attribute,
        )
