"""What a shopper who may not try on is shown: the shop's paywall, or the default one."""

from __future__ import annotations

import functools
import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ..core.charging.options import Offers, options_for
from ..core.charging.packs import Pack
from ..core.ledger.models import Balance
from ..core.products import Product
from ..core.tryon.paywall import PaywallOption, Refusal, paywall_for
from ..errors import LedgerUnavailableError
from .checkout import checkout_hook
from .errors import page_language
from .hosts import own_path
from .state import AppState, get_state
from .texts import shop_translate

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


def paywall_fields(
    refusal: Refusal, *, balance: Balance | None = None, renews_at: datetime | None = None
) -> dict[str, Any]:
    """Return the paywall of docs/http.md for a refusal, in the page's language.

    Args:
        refusal: Why a try-on was refused.
        balance: What the shopper has, if the caller has read it from the shop's ledger.
        renews_at: When the quota of their plan is full again, if that is known.
    """
    state, language = get_state(), page_language()
    settings = state.settings
    options = ways_on(refusal, balance=balance, renews_at=renews_at)
    # Options that lead somewhere take the place of the default paywall's single button.
    is_offered = any(option.url for option in options)
    return paywall_for(
        refusal,
        state.hooks.paywall,
        None if is_offered else settings.upgrade_url,
        language,
        options=options,
        has_ledger=settings.has_ledger,
        sells_plans=not settings.charging or "subscription" in settings.charging,
        say=shop_translate(),
    )


def ways_on(
    refusal: Refusal, *, balance: Balance | None = None, renews_at: datetime | None = None
) -> list[PaywallOption]:
    """Return how a shopper can go on if GENVORIS_CHARGING is set; see ``paywall_fields``."""
    state = get_state()
    if not state.settings.charging:
        return []
    if balance is None:
        balance = _read_balance(state, refusal)
    offers = _offers(state, refusal.product)
    return options_for(
        refusal,
        offers,
        balance=balance,
        renews_at=renews_at,
        language=page_language(),
        say=shop_translate(),
    )


def _offers(state: AppState, product: Product | None) -> Offers:
    settings = state.settings
    return Offers(
        ways=settings.charging,
        plans=settings.plans or (),
        packs=[pack for pack in settings.packs if checkout_hook(state, pack)],
        plans_url=settings.upgrade_url,
        pack_url=functools.partial(_pack_url, product),
        per_order=settings.credits.per_order if settings.credits else None,
    )


def _pack_url(product: Product | None, pack: Pack) -> str:
    fields: dict[str, Any] = {"try_ons": pack.try_ons}
    if product is not None:
        described = {
            "product_id": product.id,
            "product_title": product.title,
            "page_url": product.page_path,
        }
        fields |= {name: value for name, value in described.items() if value}
    return f"{own_path('/checkout')}?{urlencode(fields)}"


def _read_balance(state: AppState, refusal: Refusal) -> Balance | None:
    shopper = refusal.shopper
    if state.spending is None or shopper is None:
        return None
    try:
        return state.spending.balance(shopper.external_id, verified_email=shopper.verified_email)
    except LedgerUnavailableError as error:
        log.error("A shopper's balance could not be read: %s", error)  # noqa: TRY400
        return None
