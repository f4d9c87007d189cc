"""The nonce of the current page's Content Security Policy."""

from __future__ import annotations

from .hooks import log_once
from .state import AppState


def page_nonce(state: AppState) -> str | None:
    """Return GENVORIS_CSP_NONCE's nonce for this request; None if it fails or has none."""
    function = state.settings.csp_nonce
    if function is None:
        return None
    try:
        return function() or None
    except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
        message = "The GENVORIS_CSP_NONCE function failed: the widget goes without a nonce"
        log_once(function, error, message)
        return None
