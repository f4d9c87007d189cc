"""The checks of ``flask genvoris check``: what is wrong with a shop's setup, and how to fix it.

``diagnose`` runs them all. ``genvoris`` has those of Genvoris and the way there, ``shop`` those of
the shop's own settings and functions, ``charging`` those of what it sells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ..state import AppState
from . import charging, genvoris, shop
from .finding import Finding, good

__all__ = ["Finding", "diagnose"]


def diagnose(
    state: AppState,
    wall_clock: Callable[[], float] = time.time,
    *,
    is_only_process: bool = False,
) -> Iterator[Finding]:
    """Check everything that a session needs, one thing after the other.

    Args:
        state: The state of the app.
        wall_clock: This machine's clock, in Unix seconds.
        is_only_process: Whether this process serves the shop alone, as far as its WSGI server says.
    """
    environment = genvoris.check_environment(state)
    yield environment
    if environment.ok:
        yield from genvoris.check_connection(state, wall_clock)
        yield genvoris.check_keys(state)
    yield shop.check_store(state)
    yield from genvoris.check_pace(state)
    yield from shop.check_queue(state)
    yield from shop.check_ledger(state)
    if environment.ok:
        yield from genvoris.check_left_ledger(state)
    yield from shop.check_outbox(state)
    yield from charging.check_charging(state, is_only_process=is_only_process)
    yield shop.check_webhooks(state)
    if state.settings.plans:
        yield genvoris.check_plans(state)
    if state.settings.stripe_webhook_secret:
        yield shop.check_stripe(state)
    yield from shop.check_signing(state, wall_clock)
    yield shop.check_phone_handover(state, is_only_process=is_only_process)
    yield shop.check_shoppers(state)
    yield from shop.check_guests(state)
    yield shop.check_login_url(state)
    yield from shop.check_paywall(state)
    yield shop.check_proxy(state, is_only_process=is_only_process)
    yield shop.check_hosts(state)
    yield good("widget", "{file} is in place.", file=state.assets.widget.hashed_name)
