"""The style sheet by which visits are counted and the hold-out's button is hidden."""

from __future__ import annotations

from flask import Response

from ..holdout import respond_with_style
from ..state import get_state


def button_style() -> Response:
    """Return this visitor's style sheet."""
    return respond_with_style(get_state())
