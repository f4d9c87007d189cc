"""What the try-on host publishes about the widget."""

from __future__ import annotations

from ...button_design import ButtonDesign
from ..http import RetryPolicy
from ..models import WidgetHash, read_button_design
from ..parsing import read_object
from .base import Resource


class Widget(Resource):
    """``/widget-hash`` and ``/api/widget/button-design`` of the try-on host."""

    def hash(self) -> WidgetHash:
        """Return which widget Genvoris hosts now. Repeated whenever the fault may pass."""
        body = self._send("GET", "/widget-hash", RetryPolicy.ALWAYS)
        return WidgetHash.read(read_object(body, "GET /widget-hash"))

    def button_design(self) -> ButtonDesign:
        """Return the button's design of the dashboard. Repeated whenever the fault may pass.

        Genvoris keeps it for a minute, so ask once in a while rather than for every page.
        """
        body = self._send("GET", "/api/widget/button-design", RetryPolicy.ALWAYS)
        return read_button_design(read_object(body, "GET /api/widget/button-design"))
