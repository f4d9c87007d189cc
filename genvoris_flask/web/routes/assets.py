"""Serves the widget's built files, which browsers cache for a year."""

from __future__ import annotations

import re

from flask import Response, request

from ..errors import HttpError
from ..state import get_state

ONE_YEAR = 365 * 24 * 3600


def script(name: str) -> Response:
    """Serve a built file: cached under its hashed name, revalidated under its plain one.

    A request for another version's ``widget`` gets this version's: a cached page, or a page that
    another version's worker rendered, then has a widget that finds its other files here. Requests
    for another version's other files are refused, since its widget would not accept these.
    """
    assets = get_state().assets
    of_another_version = re.fullmatch(r"widget-[0-9a-f]{12}", name)
    asset = assets.by_name.get(f"{name}.js") or (assets.widget if of_another_version else None)
    if asset is None:
        raise HttpError("path_not_allowed")
    response = Response(asset.body, mimetype="text/javascript")
    response.set_etag(asset.integrity)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The dialog's script tag uses CORS, since its integrity is checked.
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.cache_control.public = True
    if name + ".js" == asset.hashed_name:
        response.cache_control.max_age = ONE_YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
