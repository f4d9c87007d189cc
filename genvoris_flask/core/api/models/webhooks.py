"""Where Genvoris sends webhooks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..parsing import Json, as_text, as_time, need_text, pick

# Genvoris knows these types only by an older name.
_OLDER_NAMES = {
    f"customer.{what}": f"end_customer.{what}"
    for what in ("created", "updated", "cancelled", "quota_warning", "period_rolled")
}


def published_type(name: str) -> str:
    """Return Genvoris's own name for a type of webhook.

    ``@genvoris.on`` and ``event.type`` use newer names: ``customer.quota_warning`` is
    ``end_customer.quota_warning`` at Genvoris.
    """
    return _OLDER_NAMES.get(name, name)


@dataclass(frozen=True)
class WebhookEndpoint:
    """A URL of the shop that Genvoris posts to. The secret is never returned.

    Attributes:
        id: Genvoris's id.
        url: The URL.
        events: The types that are sent to it.
        description: A note.
        active: Whether anything is sent to it.
        created_at: When it was created.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    active: bool
    created_at: dt.datetime | None

    @classmethod
    def read(cls, payload: Json) -> WebhookEndpoint:
        """Parse an endpoint."""
        events = payload.get("events")
        return cls(
            id=need_text(payload, "id", "a call for a webhook endpoint"),
            url=as_text(payload.get("url")) or "",
            events=tuple(str(each) for each in events) if isinstance(events, list) else (),
            description=as_text(payload.get("description")),
            active=payload.get("active") is not False,
            created_at=as_time(pick(payload, "created_at")),
        )


@dataclass(frozen=True)
class WebhookTest:
    """A test delivery. ``event_id`` is its event's ``id``, or None if Genvoris does not say."""

    event_id: str | None

    @classmethod
    def read(cls, payload: Json) -> WebhookTest:
        """Parse the response, whose form is not documented."""
        return cls(as_text(payload.get("id")) or as_text(pick(payload, "event_id")))
