"""Lets the parts of an app follow the settings that are changed while the shop runs."""

from __future__ import annotations

import functools

from ..settings import Settings
from ..settings.live import LiveSettings
from .outbox import runs_at_once
from .pacing import call_rates
from .rate_limits import request_rates
from .state import AppState


def with_live_settings(state: AppState) -> AppState:
    """Let an app's state follow the settings that are changed in its database, if it has one."""
    if state.database is not None:
        from ..core.ledger.changed_settings import ChangedSettings  # imports SQLAlchemy, an extra

        table = ChangedSettings(state.database, state.clock)
        apply = functools.partial(apply_settings, state)
        state.live = LiveSettings(state.settings, table, apply, reads_here=runs_at_once)
    return state


def apply_settings(state: AppState, settings: Settings) -> None:
    """Let all parts of an app that have taken settings over go by new ones."""
    state.settings = settings
    # Whoever has just read the old settings writes their tag into the old dict.
    state.tag_parts = {}
    state.limiter.change_rates(request_rates(settings))
    state.pace.change_rates(call_rates(settings))
    if state.spending is not None:
        from .ledger import follow_settings  # imports SQLAlchemy, an extra

        follow_settings(state, settings)
