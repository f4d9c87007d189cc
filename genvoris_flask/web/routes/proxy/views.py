"""The views that Genvoris's hosted widget calls."""

from __future__ import annotations

from flask import Response

from .allow_list import ANALYZE, CONFIG, TRYON
from .forwarding import forward_request


def analyze() -> Response:
    """Forward a photo that is to be analysed."""
    return forward_request(ANALYZE)


def tryon() -> Response:
    """Forward a photo and a product that is to be tried on."""
    return forward_request(TRYON)


def config() -> Response:
    """Forward the request for the button's design."""
    return forward_request(CONFIG)
