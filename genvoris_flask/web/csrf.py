"""Keeps a shop's CSRF protection off our routes, which have guards of their own.

The routes for browsers look at where a request comes from; deliveries from Genvoris are signed.
Neither carries the token that Flask-WTF looks for in a form, and looking would read whole uploads.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Flask, request


def leave_out(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Exempt these blueprints from Flask-WTF's ``CSRFProtect``, set up before or after us."""
    names = {blueprint.name for blueprint in blueprints}
    for endpoint in app.view_functions:
        if endpoint.rpartition(".")[0] in names:
            _exempt(app, endpoint)

    # Set up after us, its own check comes after this one.
    @app.before_request
    def exempt_in_time() -> None:
        if request.blueprint in names and request.endpoint:
            _exempt(app, request.endpoint)


def _exempt(app: Flask, endpoint: str) -> None:
    protection = app.extensions.get("csrf")
    if protection is not None:
        protection.exempt(app.view_functions[endpoint])
