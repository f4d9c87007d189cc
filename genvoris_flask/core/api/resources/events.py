"""``/events``."""

from __future__ import annotations

from collections.abc import Sequence

from ..http import RetryPolicy
from ..models import Event
from ..parsing import as_int, read_object
from .base import Resource

MOST_EVENTS = 50  # in one call (contract, POST /events)


class Events(Resource):
    """``/events``: what shoppers do with the widget."""

    def send(self, events: Sequence[Event]) -> int:
        """Tell of 1 to 50 events; give how many Genvoris accepted.

        A second call counts them twice, so it is repeated only when the first surely had no
        effect.

        Raises:
            ValueError: There are none, or more than 50.
            BadRequestError: A field is wrong.
        """
        if not 1 <= len(events) <= MOST_EVENTS:
            raise ValueError(f"Send 1 to {MOST_EVENTS} events in one call, not {len(events)}.")
        content = {"events": [event.write() for event in events]}
        body = self._send("POST", "/events", RetryPolicy.IF_UNSENT, json=content)
        accepted = as_int(read_object(body, "POST /events").get("accepted"))
        return len(events) if accepted is None else accepted
