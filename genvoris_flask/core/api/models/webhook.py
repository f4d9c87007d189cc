"""Where Genvoris sends webhooks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..parsing import Json, as_text, as_time, need_text, pick

# Genvoris publishes some types under an older name alone.
_OLDER_NAMES = {
    f"customer.{what}": f"end_customer.{what}"
    for what in ("created", "updated", "cancelled", "quota_warning", "period_rolled")
}


def published_type(name: str) -> str:
    """Return the name that Genvoris publishes for a type of webhook.

    ``@genvoris.on`` and ``event.type`` use the names of today: ``customer.quota_warning`` is asked
    for as ``end_customer.quota_warning``.
    """
    return _OLDER_NAMES.get(name, name)


@dataclass(frozen=True)
class WebhookEndpoint:
    """An address of the shop that Genvoris posts to. The secret is never read back.

    Attributes:
        id: Genvoris's id of it.
        url: Where it is.
        events: The types that it gets.
        description: A note of the shop's.
        active: Whether it gets any.
        created_at: When it was made.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    active: bool
    created_at: dt.datetime | None

    @classmethod
    def read(cls, payload: Json) -> WebhookEndpoint:
        """Read the contract's endpoint."""
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
    """A test delivery that is on its way. ``event_id`` is the ``id`` that it carries, if told."""

    event_id: str | None

    @classmethod
    def read(cls, payload: Json) -> WebhookTest:
        """Read an answer whose shape the contract leaves open."""
        return cls(as_text(payload.get("id")) or as_text(pick(payload, "event_id")))
