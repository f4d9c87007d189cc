"""One try-on from start to end, as it runs on a thread of the pool."""

from __future__ import annotations

from flask import Flask

from ..errors import GenvorisError, InvalidSessionTokenError
from ..sessions.shopper import Shopper
from ..state import get_state
from .explain import explain, explain_mint
from .form import TryonForm
from .jobs import Outcome, Picture

MINT_BUDGET = 15.0  # seconds; nobody's page waits here


class TryonWork:
    """Makes a try-on at Genvoris, or says why not.

    Args:
        app: Whose shop it is.
        form: Photo and product.
        shopper: Who is metered; None: a guest.
        key: Lets Genvoris tell a repeat of this job from a new one.
    """

    def __init__(self, app: Flask, form: TryonForm, shopper: Shopper | None, key: str) -> None:
        self._app = app
        self._form = form
        self._shopper = shopper
        self._key = key

    def __call__(self) -> Outcome:
        """Do it."""
        with self._app.app_context():
            try:
                token = self._token()
            except GenvorisError as error:
                assert self._shopper is not None  # noqa: S101  (guests need no token)
                return explain_mint(error, self._shopper, self._form.product)
            try:
                return self._make(token)
            except GenvorisError as error:
                return explain(error, self._shopper, self._form.product)

    def _token(self) -> str | None:
        if self._shopper is None:
            return None
        return get_state().broker.session(self._shopper, MINT_BUDGET).token

    def _make(self, token: str | None) -> Picture:
        """Ask for the picture, once more with a new token when the first was revoked."""
        engine = get_state().engine
        try:
            return engine.make(self._form.photo, self._form.product, token, self._key)
        except InvalidSessionTokenError:
            if self._shopper is None:
                raise
            get_state().broker.forget(self._shopper)
            return engine.make(self._form.photo, self._form.product, self._token(), self._key)
