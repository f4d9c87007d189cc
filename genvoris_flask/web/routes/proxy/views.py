"""The routes that Genvoris's hosted widget calls, and what they forward.

They import the code that forwards with the first request: only shops with the hosted widget need
it.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from ...blueprints import add_rule, browser_blueprint
from ...state import get_state
from ...uploads import keep_in_memory
from .allow_list import ANALYZE, CONFIG, TRYON, Route

blueprint = browser_blueprint("genvoris_passthrough", __name__)


@blueprint.url_value_preprocessor
def bound_uploads(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Keep a photo off the disk, even if a hook of the shop reads the form first."""
    keep_in_memory(request, get_state().settings.max_upload_bytes * 4 // 3)


@blueprint.post(ANALYZE.path)
def analyze() -> Response:
    """Forward a photo that is to be analysed."""
    return forward(ANALYZE)


@blueprint.post(TRYON.path)
def tryon() -> Response:
    """Forward a photo and a product that is to be tried on."""
    return forward(TRYON)


@blueprint.get(CONFIG.path)
def config() -> Response:
    """Forward the request for the button's design."""
    return forward(CONFIG)


@blueprint.record
def _accept_double_slash(setup: BlueprintSetupState) -> None:
    """Accept ``/genvoris//api/tryon``, from a base address with a slash and a path with one."""
    for route, view in ((ANALYZE, analyze), (TRYON, tryon), (CONFIG, config)):
        add_rule(
            setup.app,
            f"{setup.url_prefix}/{route.path}",
            f"{setup.name}.{view.__name__}",
            methods=[route.method],
            merge_slashes=False,
        )


def forward(route: Route) -> Response:
    """Forward this request."""
    from .forwarding import forward_request  # slow to import

    return forward_request(route)
