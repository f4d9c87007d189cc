"""What the try-on host answers to anybody: the button's design and the widget's hash.

``/status`` is the short form of ``/api/status``.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from .api_keys import is_good
from .context import context
from .request_validation import query
from .settings import DEFAULT_DESIGN, read_settings
from .tryon import status
from .wire import Json

blueprint = Blueprint("public", __name__)

DESIGN_SECONDS = 60
PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the file is inside the package; in a checkout it is beside it.
WIDGETS = tuple(each / "static/widget/widget.js" for each in (PACKAGE, PACKAGE.parent))

blueprint.get("/status", endpoint="status")(status)


@blueprint.get("/api/widget/button-design")
def button_design() -> Response:
    """Return the shop's design of the button; without a good key, the usual one."""
    key = query()["key"] or request.headers.get("X-API-Key")
    with context().store.transaction() as db:
        good = is_good(db, key, context().clock())
        design = read_settings(db)["buttonDesign"] if good else DEFAULT_DESIGN
    response = jsonify(design)
    response.cache_control.public = True
    response.cache_control.max_age = DESIGN_SECONDS
    return response


@blueprint.get("/widget-hash")
def widget_hash() -> Json:
    """Return the version and the digest of the widget that this package ships."""
    return _widget_hash()


@cache
def _widget_hash() -> Json:
    script = next(path for path in WIDGETS if path.is_file()).read_bytes()
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    return {"version": hashlib.sha256(script).hexdigest()[:12], "sha384": f"sha384-{digest}"}
