"""Stands in for ``genvoris.client`` under GENVORIS_ENABLED = False."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("genvoris_flask")


class NoCalls:
    """Accepts any call, logs it at debug level, and returns None.

    Args:
        name: The name that calls are logged under, such as ``genvoris.client``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Return an object that can be called, or looked up further names in."""
        if name.startswith("__"):  # copy, pickle and others look for these
            raise AttributeError(name)
        return NoCalls(f"{self._name}.{name}")

    def __call__(self, *_args: object, **_options: object) -> None:
        """Do nothing."""
        log.debug("%s() does nothing: GENVORIS_ENABLED is false.", self._name)
