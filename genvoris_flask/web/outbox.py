"""How an app's messages are delivered: by calls to Genvoris, or by the shop's own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask

from ..core.api.client import GenvorisClient
from ..core.outbox.messages import Deliver, Message, UndeliverableError
from ..core.webhooks.handling import deliver_to_handler
from .hooks import Hooks

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
