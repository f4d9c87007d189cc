"""Metrics for Prometheus, to those who have GENVORIS_METRICS_TOKEN."""

from __future__ import annotations

import secrets

from flask import Response, request

from ..errors import HttpError
from ..state import get_state


def metrics() -> Response:
    """Return the metrics in OpenMetrics' form, or in the older one of Prometheus."""
    state = get_state()
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    expected = f"Bearer {state.settings.metrics_token}".encode()
    if state.metrics is None or not secrets.compare_digest(given, expected):
        raise HttpError(
            "unauthorized",
            headers={"WWW-Authenticate": "Bearer"},
            detail="Send GENVORIS_METRICS_TOKEN as a Bearer token.",
        )
    text, content_type = state.metrics.exposition(request.headers.get("Accept"))
    return Response(text, content_type=content_type)
