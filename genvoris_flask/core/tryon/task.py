"""One try-on from start to end, as it runs on a thread of the pool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from flask import Flask

from ...errors import GenvorisError, InvalidSessionTokenError
from ...web.state import get_state
from .engines.base import Engine, Order
from .engines.custom import OwnEngine
from .error_mapping import explain, explain_mint
from .outcomes import Failure, Outcome

log = logging.getLogger("genvoris_flask.tryon")

T = TypeVar("T")
MINT_BUDGET = 15.0  # seconds; nobody's page waits here


class TryOnTask:
    """Makes a try-on, or says why not.

    Args:
        app: Whose shop it is.
        order: What is wanted.
    """

    def __init__(self, app: Flask, order: Order) -> None:
        self._app = app
        self._order = order

    def __call__(self) -> Outcome:
        """Do it. Never raises."""
        with self._app.app_context():
            try:
                return self._make()
            except GenvorisError as error:
                return explain(error, self._order.shopper, self._order.product)
            except Exception:  # the shop's own engine, or our own fault: the job must end
                log.exception("A try-on failed")
                return Failure("internal_error")

    def _make(self) -> Outcome:
        shopper = self._order.shopper
        try:
            self._token()
        except GenvorisError as error:
            assert shopper is not None  # noqa: S101  (guests need no token)
            return explain_mint(error, shopper, self._order.product)
        return _engine().make(self._order, self._as_shopper)

    def _as_shopper(self, call: Callable[[str | None], T]) -> T:
        """Call with the shopper's token, once more with a new one when the first was revoked."""
        try:
            return call(self._token())
        except InvalidSessionTokenError:
            if self._order.shopper is None:
                raise
            get_state().broker.forget(self._order.shopper)
            return call(self._token())

    def _token(self) -> str | None:
        shopper = self._order.shopper
        return get_state().broker.session(shopper, MINT_BUDGET).token if shopper else None


def _engine() -> Engine:
    state = get_state()
    if state.hooks.tryon_engine:
        return OwnEngine(
            state.hooks.tryon_engine, state.client, state.broker, state.settings.tryon_timeout
        )
    return state.engine
