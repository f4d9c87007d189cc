"""Lets the console show a page of the shop in a frame, also in a shop that forbids all frames."""

from __future__ import annotations

import re

from flask import Flask, Request, Response

from .compat import get_request

# In the request's environment, since `g` may outlive a request.
_FRAMED = "genvoris.framed"
# One header may have several policies, separated by commas.
_ANCESTORS = re.compile(r"(^|[;,])(\s*)frame-ancestors\b[^;,]*", re.IGNORECASE)


def allow_own_frames(request: Request) -> None:
    """Let the answer to a request be in a frame of the shop's own pages, and in no other."""
    request.environ[_FRAMED] = True


def enforce_frames(app: Flask) -> None:
    """Set the headers of answers that may be framed after all that the shop does to them."""
    # Flask runs these from the last to the first; the shop may have registered some already.
    app.after_request_funcs.setdefault(None, []).insert(0, _enforce)


def _enforce(response: Response) -> Response:
    if _FRAMED not in get_request().environ:
        return response
    headers = response.headers
    headers["X-Frame-Options"] = "SAMEORIGIN"
    policies = headers.getlist("Content-Security-Policy")
    headers.setlist(
        "Content-Security-Policy",
        [_ANCESTORS.sub(r"\1\2frame-ancestors 'self'", each) for each in policies],
    )
    return response
