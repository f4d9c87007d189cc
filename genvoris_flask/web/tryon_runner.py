"""Makes the try-ons of an app, on the threads of the job queue."""

from __future__ import annotations

from flask import Flask

from ..core.tryon.engines import Engine, TokenSource, make_tryon
from ..core.tryon.engines.custom import CustomEngine
from ..core.tryon.engines.ledger import LedgerEngine, UnlimitedEngine
from ..core.tryon.models import Outcome, TryOnRequest
from .state import AppState, get_state


def run_tryon(app: Flask, request: TryOnRequest) -> Outcome:
    """Make a try-on within the app's context, as the shop's code needs."""
    with app.app_context():
        state = get_state()
        tokens = TokenSource(state.broker, request.shopper)
        return make_tryon(request, _engine(state), tokens, state.error_mapper)


def _engine(state: AppState) -> Engine:
    engine = _maker(state)
    if state.spending is None:
        return engine
    engine = UnlimitedEngine(engine, state.lift_ceiling)
    return engine if state.settings.is_free else LedgerEngine(engine, state.spending)


def _maker(state: AppState) -> Engine:
    """Return what makes the picture: Genvoris, or the shop's own function."""
    if state.hooks.tryon_engine is None:
        return state.engine
    return CustomEngine(
        state.hooks.tryon_engine, state.client, state.broker, state.settings.tryon_timeout
    )
