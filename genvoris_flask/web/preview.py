"""A design of the button that only the shop's owner sees, on a page of the shop.

It was not saved yet: the page's address has it, signed and for some minutes. It counts only on
that page, in a request of whoever made it in the console, and only while they may use that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from flask import Request
from itsdangerous import BadData, URLSafeSerializer

from ..core.button_design import ButtonDesign, read_design
from ..errors import ConfigurationError
from .caching import PRIVATE, forbid_caching, headers_are_sent, is_being_cached
from .console.access import actor, may_use_console
from .framing import allow_own_frames
from .state import AppState

PARAMETER = "genvoris_preview"
SECONDS = 600.0
_IN_QUERY = f"{PARAMETER}=".encode()
_FOUND = "genvoris.preview"


def preview_url(state: AppState, path: str, design: Mapping[str, Any]) -> str:
    """Return the address of a page with a design that was not saved.

    Args:
        state: The state of the app.
        path: The path of the page, perhaps with a query.
        design: The design's fields in Genvoris's spelling.
    """
    parts = urlsplit(path)
    body = {
        "design": design,
        "path": unquote(parts.path).rstrip("/"),  # a redirect may add the last slash
        "by": actor(state),
        "until": state.clock() + SECONDS,
    }
    query = urlencode({PARAMETER: _serializer(state).dumps(body)})
    return parts._replace(query=f"{parts.query}&{query}" if parts.query else query).geturl()


def preview_design(state: AppState, page: Request) -> ButtonDesign | None:
    """Return the design that the page's address asks for, if its sender may see it.

    The page is then kept out of all caches, and may be in a frame of the shop's own pages. One that
    a cache of the shop's would keep gets none.
    """
    if _IN_QUERY not in page.query_string:
        return None
    if _FOUND not in page.environ:
        page.environ[_FOUND] = _read(state, page)
    design: ButtonDesign | None = page.environ[_FOUND]
    return design


def _read(state: AppState, page: Request) -> ButtonDesign | None:
    if headers_are_sent(page) or is_being_cached():
        return None
    try:
        body = _serializer(state).loads(page.args.get(PARAMETER, ""))
        design = read_design(PARAMETER, body["design"])
    except (BadData, ConfigurationError):  # nobody's, or made by another version
        return None
    if (page.script_root + page.path).rstrip("/") != body.get("path"):
        return None
    if state.clock() > body["until"] or not may_use_console(state) or body["by"] != actor(state):
        return None
    forbid_caching(PRIVATE, page)
    allow_own_frames(page)
    return design


def _serializer(state: AppState) -> URLSafeSerializer:
    from .storage import secrets_as_bytes  # slow to import, and most requests have no preview

    secrets = secrets_as_bytes(state.app, state.settings)
    return URLSafeSerializer(secrets[::-1], salt="genvoris-preview")  # the newest comes last
