"""An app's messages: where they are kept, and how they are delivered.

They are delivered by calls to Genvoris, or by the shop's own functions.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context

from ..core.api.client import GenvorisClient
from ..core.api.models import Event, Session
from ..core.concurrency.forks import is_short_lived
from ..core.outbox.memory import MemoryOutbox
from ..core.outbox.messages import Deliver, Message, Outbox, UndeliverableError
from ..core.privacy.erasure import PendingError
from ..core.sessions.mint import REVOKE_SECONDS
from ..core.webhooks.handling import deliver_to_handler
from ..errors import NotFoundError, QueueFullError
from ..settings import Settings
from .alerts import send_alert
from .hooks import Hooks
from .privacy import erasures_of
from .state import get_state
from .storage import Storage

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ..core.ledger.service import Ledger
    from ..core.outbox.durable import MessageTable

Body = Mapping[str, Any]


def deliveries(
    app: Flask,
    client: GenvorisClient,
    hooks: Hooks,
    *,
    prefix: str = "",
    clock: Callable[[], float] = time.time,
) -> Deliver:
    """Return what delivers an app's messages, in any of its processes.

    Args:
        app: The shop, in whose context its own functions run.
        client: Calls Genvoris.
        hooks: The shop's own functions.
        prefix: Put in front of the shop's ids.
        clock: Returns the time in Unix seconds.
    """

    def run_handler(body: Body) -> object:
        return deliver_to_handler(body, hooks.webhook_handlers, app.app_context)

    def send_events(body: Body) -> object:
        return client.events.send([Event(**fields) for fields in body["events"]])

    def go_on_erasing(body: Body) -> None:
        with app.app_context():
            receipts = erasures_of(get_state(app)).retry(body["id"])
        if any(receipt.pending for receipt in receipts):
            raise PendingError("An erasure is not done.")

    kinds: dict[str, Callable[[Body], object]] = {
        "conversion": lambda body: client.conversions.record(**body),
        "return": lambda body: client.returns.record(**body),
        "events": send_events,
        "customer": lambda body: _follow_state(client, prefix, body),
        "revocation": lambda body: _revoke(client, clock(), body),
        "webhook": run_handler,
        "erasure": go_on_erasing,
        "alert": lambda body: send_alert(get_state(app).settings.alert_url, body, clock()),
    }

    def deliver(message: Message) -> object:
        if message.kind not in kinds:
            raise UndeliverableError("unknown_kind")
        return kinds[message.kind](message.body)

    return deliver


def open_outbox(
    settings: Settings,
    deliver: Deliver,
    ledger: Ledger | None,
    storage: Storage,
    clock: Callable[[], float],
) -> Outbox:
    """Return the outbox of an app, which outlasts the process if there is a place for that.

    Args:
        settings: The shop's settings.
        deliver: Delivers a message.
        ledger: The ledger, in whose database messages are kept.
        storage: Where they are kept without a ledger, if try-ons run on an engine: in Redis.
        clock: Returns the time in Unix seconds.
    """
    memory = MemoryOutbox(deliver, at_once=runs_at_once)
    if not settings.has_durable_outbox:
        return memory
    from ..core.outbox.drain import Drain
    from ..core.outbox.durable import DurableOutbox

    table = _open_table(ledger, storage, clock)
    drain = Drain(table, deliver, clock=clock)
    return DurableOutbox(table, drain, memory, clock, runs_at_once)


def _open_table(
    ledger: Ledger | None, storage: Storage, clock: Callable[[], float]
) -> MessageTable:
    if ledger is not None:
        from ..core.ledger.outbox import MessageTable  # imports SQLAlchemy, an extra

        return MessageTable(ledger.database, clock)
    from ..core.outbox.redis_table import RedisTable  # imports redis, an extra

    connection, namespace = storage.connection, storage.namespace
    assert connection is not None  # noqa: S101  (checked with the settings)
    assert namespace is not None  # noqa: S101
    find = functools.partial(namespace.find, lasting=True)
    return RedisTable(connection, find, storage.sealer, clock)


def durable(outbox: Outbox) -> Outbox | None:
    """Return an outbox that outlasts the process; None if this one does not."""
    from ..core.outbox.durable import DurableOutbox

    return outbox if isinstance(outbox, DurableOutbox) else None


def revoker(outbox: Outbox | None) -> Callable[[Session], None] | None:
    """Return what has a token revoked by an outbox; None if there is none."""
    if outbox is None:
        return None

    def revoke(session: Session) -> None:
        body = {
            "customer_id": session.customer_id,
            "jti": session.jti,
            "expires_at": session.expires_at,
        }
        with suppress(QueueFullError):  # it expires within minutes
            outbox.put(Message("revocation", f"revocation:{session.jti}", body))

    return revoke


def runs_at_once() -> bool:
    """Return whether nothing can be left to a thread, since this process may end at any time."""
    return is_short_lived() and not has_request_context()


def _follow_state(client: GenvorisClient, prefix: str, body: Body) -> None:
    """Tell Genvoris a shopper's state, unless it does not know them."""
    with suppress(NotFoundError):
        client.customers.update(prefix + body["external_id"], status=body["status"])


def _revoke(client: GenvorisClient, now: float, body: Body) -> None:
    """Revoke a token, unless it has expired."""
    if now < body["expires_at"]:
        with suppress(NotFoundError):
            sessions = client.with_timeout(REVOKE_SECONDS).sessions
            sessions.revoke(body["customer_id"], body["jti"])
