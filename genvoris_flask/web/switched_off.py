"""What the extension's calls do in an app that has GENVORIS_ENABLED = False: nothing."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response

from .errors import HttpError, answer_error

log = logging.getLogger("genvoris_flask")


class NoCalls:
    """Takes any call, logs it for debugging, and returns None.

    Args:
        name: What the calls are logged under, such as ``genvoris.client``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Return what takes a call of this name, or what further names are looked up in."""
        if name.startswith("__"):  # what copy, pickle and others look for
            raise AttributeError(name)
        return NoCalls(f"{self._name}.{name}")

    def __call__(self, *_args: object, **_options: object) -> None:
        """Do nothing."""
        log.debug("%s() does nothing: GENVORIS_ENABLED is false.", self._name)


class NoBilling(NoCalls):
    """Stands for ``genvoris.billing``. What is iterated over is empty."""

    def sync_plans(self, *, dry_run: bool = False) -> list[Any]:  # noqa: ARG002
        """Return that nothing was to be changed."""
        self.__getattr__("sync_plans")()
        return []

    def known_prices(self) -> set[str]:
        """Return no prices."""
        self.__getattr__("known_prices")()
        return set()

    def stripe_webhook(self) -> Response:
        """Answer 503, so that Stripe keeps its events until try-on is switched on."""
        self.__getattr__("stripe_webhook")()
        detail = "Try-on is switched off in this shop."
        return answer_error(HttpError("not_configured", detail=detail))
