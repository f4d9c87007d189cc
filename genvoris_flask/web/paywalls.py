"""What a shopper who may not try on is shown: the shop's paywall, or the default one."""

from __future__ import annotations

from typing import Any

from ..core.tryon.paywall import Refusal, paywall_for
from .errors import page_language
from .state import get_state


def paywall_fields(refusal: Refusal) -> dict[str, Any]:
    """Return the paywall of docs/http.md for a refusal, in the page's language."""
    state = get_state()
    return paywall_for(refusal, state.hooks.paywall, state.settings.upgrade_url, page_language())
