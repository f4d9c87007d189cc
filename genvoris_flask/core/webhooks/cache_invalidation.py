"""Forgets what is remembered of a shopper when Genvoris says that it has changed."""

from __future__ import annotations

import logging

from ...errors import GenvorisError
from ...web.state import AppState
from ..sessions.shopper import Shopper
from .events import CustomerEvent, WebhookEvent

log = logging.getLogger("genvoris_flask.webhooks")

ASK_SECONDS = 3.0  # Genvoris waits for our answer, 10 s at most


def refresh(event: WebhookEvent, state: AppState) -> None:
    """After any event of a customer, have the shopper's next page ask Genvoris anew."""
    if not isinstance(event, CustomerEvent):
        return
    external_id = event.external_id or _ask(event, state)
    prefix = state.settings.external_id_prefix
    if external_id and external_id.startswith(prefix) and external_id != prefix:
        state.broker.forget(Shopper(external_id.removeprefix(prefix)))


def _ask(event: CustomerEvent, state: AppState) -> str | None:
    """Look up the shop's own id by Genvoris's."""
    if event.customer_id is None:
        return None
    try:
        client = state.client.with_timeout(ASK_SECONDS)
        return client.customers.get(event.customer_id).external_id
    except GenvorisError as error:
        # What is remembered ends by itself, within GENVORIS_SESSION_TTL.
        log.info("The shopper of event %s could not be looked up: %s", event.id, error)
        return None
