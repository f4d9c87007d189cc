"""An app's messages: where they are kept, and how they are delivered.

They are delivered by calls to Genvoris, or by the shop's own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask

from ..core.api.client import GenvorisClient
from ..core.outbox.memory import MemoryOutbox
from ..core.outbox.messages import Deliver, Message, Outbox, UndeliverableError
from ..core.webhooks.handling import deliver_to_handler
from .hooks import Hooks

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ..core.ledger.service import Ledger

Body = Mapping[str, Any]


def deliveries(app: Flask, client: GenvorisClient, hooks: Hooks) -> Deliver:
    """Return what delivers an app's messages, in any of its processes.

    Args:
        app: The shop, in whose context its own functions run.
        client: Calls Genvoris.
        hooks: The shop's own functions.
    """

    def run_handler(body: Body) -> object:
        return deliver_to_handler(body, hooks.webhook_handlers, app.app_context)

    kinds: dict[str, Callable[[Body], object]] = {
        "conversion": lambda body: client.conversions.record(**body),
        "return": lambda body: client.returns.record(**body),
        "webhook": run_handler,
    }

    def deliver(message: Message) -> object:
        if message.kind not in kinds:
            raise UndeliverableError("unknown_kind")
        return kinds[message.kind](message.body)

    return deliver


def open_outbox(deliver: Deliver, ledger: Ledger | None, clock: Callable[[], float]) -> Outbox:
    """Return the outbox of an app, which outlasts the process if there is a ledger.

    Args:
        deliver: Delivers a message.
        ledger: The ledger, in whose database messages are kept.
        clock: Returns the time in Unix seconds.
    """
    memory = MemoryOutbox(deliver)
    if ledger is None:
        return memory
    from ..core.ledger.outbox import MessageTable  # imports SQLAlchemy, an extra
    from ..core.outbox.drain import Drain
    from ..core.outbox.durable import DurableOutbox

    table = MessageTable(ledger.database, clock)
    return DurableOutbox(table, Drain(table, deliver, clock=clock), memory, clock)
