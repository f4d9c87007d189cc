"""Events of a billing system take effect once, together with their row in the same transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from ...errors import GenvorisError
from .accounts import check_id
from .database import insert_if_absent
from .schema import events


class EventConflictError(GenvorisError):
    """An event id was used before with other contents. Nothing was changed."""


@dataclass(frozen=True)
class Delivery:
    """One delivery of an event.

    Attributes:
        id: The event's id.
        repeated: Whether an earlier delivery has had its effect.
    """

    id: str
    repeated: bool


def receive(
    connection: Connection,
    event_id: str,
    body: Mapping[str, Any],
    account: str | None,
    now: datetime,
) -> Delivery:
    """Note an event, unless it was noted before.

    Args:
        connection: The transaction, which also has the event's effect.
        event_id: The billing system's id.
        body: What the event says, to tell a repeat from a mistake.
        account: The shop's id of the shopper, if it is known.
        now: The current time.

    Raises:
        EventConflictError: The id was used before, and the event said something else.
    """
    check_id("event_id", event_id)
    canonical = json.dumps(body, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    row = {"id": event_id, "digest": digest, "account": account, "at": now}
    if insert_if_absent(connection, events, row):
        return Delivery(event_id, repeated=False)
    known = connection.execute(
        select(events).where(events.c.id == event_id).with_for_update()
    ).one()
    if known.digest != digest:
        raise EventConflictError(
            f"The event {event_id!r} was handled before and said something else then. Give each "
            "event of your billing system an id of its own."
        )
    return Delivery(event_id, repeated=True)


def forget(connection: Connection, event_id: str) -> None:
    """Drop the note of an event that had no effect, so that it may have one later."""
    connection.execute(delete(events).where(events.c.id == event_id))
