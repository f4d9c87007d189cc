"""Exempts our routes from what the shop does to all of its own.

Flask-WTF asks for a token in a form, and would read whole uploads to find it; our routes look at
where a request comes from, and deliveries from Genvoris and Stripe are signed. Flask-Limiter counts
the polls of a try-on like page views; our routes have limits of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, request


def exempt(blueprint: Blueprint) -> None:
    """Exempt a blueprint's routes from Flask-WTF's CSRFProtect and Flask-Limiter's limits."""

    # Of all that Flask calls for a request this comes first, also before hooks of the shop's that
    # were registered before ours, and it costs the shop's other routes nothing.
    @blueprint.url_value_preprocessor
    def exempt_in_time(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        extensions = current_app.extensions
        if protection := extensions.get("csrf"):
            protection.exempt(current_app.view_functions[endpoint or ""])
            _spare(protection, blueprint.name)
        limiters = extensions.get("limiter", ())
        for limiter in limiters if isinstance(limiters, set) else (limiters,):
            if limiter:
                limiter.exempt(blueprint)


class _SparingProtect:
    """``CSRFProtect.protect``, which a hook of the shop's may call, without its routes of ours."""

    def __init__(self, protect: Callable[..., None]) -> None:
        self._protect = protect
        self.spared: set[str] = set()

    def __call__(self, *args: Any, **options: Any) -> None:
        if request.blueprint not in self.spared:
            self._protect(*args, **options)


def _spare(protection: Any, name: str) -> None:
    """Let ``protection.protect()`` pass a blueprint's requests, which ``exempt`` does not."""
    protect = getattr(protection, "protect", None)
    if protect is None:  # another extension of that name
        return
    if not isinstance(protect, _SparingProtect):
        protect = protection.protect = _SparingProtect(protect)
    protect.spared.add(name)
