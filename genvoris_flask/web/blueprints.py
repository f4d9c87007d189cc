"""Makes the blueprints of all routes, and keeps the rest of the shop's app from meddling."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from .cookies import leave_session
from .cross_origin import refuse_other_sites, share_with_trusted
from .errors import HttpError, answer_error, answer_http_error, harden
from .exemptions import exempt
from .host_matching import EveryHostBlueprint
from .state import get_state

_ours: list[Blueprint] = []


def browser_blueprint(name: str, import_name: str) -> Blueprint:
    """Make a blueprint of routes that browsers call, behind the guard."""
    blueprint = server_blueprint(name, import_name)
    blueprint.before_request(refuse_other_sites)
    blueprint.after_request(share_with_trusted)
    return blueprint


def server_blueprint(name: str, import_name: str) -> Blueprint:
    """Make a blueprint of routes that servers call, which prove themselves by a signature."""
    blueprint = EveryHostBlueprint(name, import_name)
    blueprint.register_error_handler(HttpError, answer_error)
    blueprint.register_error_handler(HTTPException, answer_http_error)
    blueprint.after_request(harden)
    exempt(blueprint)
    _ours.append(blueprint)
    return blueprint


def register_fallbacks(app: Flask, public: Blueprint) -> None:
    """Answer all below the prefix in one shape, and leave the shop's session alone there.

    To be called when our blueprints are registered.

    Args:
        app: The shop.
        public: The blueprint whose answers caches may keep for everybody.
    """
    leave_session(app, {blueprint.name for blueprint in _ours}, {public.name})
    app.before_request(_answer_unknown_paths)


def _answer_unknown_paths() -> Response | HTTPException | None:
    error = request.routing_exception
    if error is None or isinstance(error, RequestRedirect):
        return None
    if not request.path.startswith(f"{get_state().settings.url_prefix}/"):
        return None
    answer = answer_http_error(error)
    return harden(answer) if isinstance(answer, Response) else answer
