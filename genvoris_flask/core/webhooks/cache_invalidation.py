"""Drops a shopper's cached session when Genvoris reports that the shopper has changed."""

from __future__ import annotations

import logging

from ...errors import GenvorisError
from ..api.client import GenvorisClient
from ..sessions.broker import SessionBroker
from ..sessions.shopper import Shopper
from .events import CustomerEvent, WebhookEvent

log = logging.getLogger("genvoris_flask.webhooks")

LOOKUP_TIMEOUT = 3.0  # seconds; Genvoris waits at most 10 s for the answer to a delivery


def invalidate_session(
    event: WebhookEvent, client: GenvorisClient, sessions: SessionBroker, external_id_prefix: str
) -> None:
    """Drop the cached session of the shopper that an event is about, if it is about one.

    Args:
        event: Any event; only a ``CustomerEvent`` has an effect.
        client: Looks up a customer that the event names by Genvoris's id only.
        sessions: Caches the shoppers' sessions.
        external_id_prefix: GENVORIS_EXTERNAL_ID_PREFIX.
    """
    if not isinstance(event, CustomerEvent):
        return
    external_id = event.external_id or _look_up(event, client)
    if external_id and external_id.startswith(external_id_prefix):
        own_id = external_id.removeprefix(external_id_prefix)
        if own_id:
            sessions.forget(Shopper(own_id))


def _look_up(event: CustomerEvent, client: GenvorisClient) -> str | None:
    if event.customer_id is None:
        return None
    try:
        return client.with_timeout(LOOKUP_TIMEOUT).customers.get(event.customer_id).external_id
    except GenvorisError as error:
        # The cached session expires by itself within GENVORIS_SESSION_TTL.
        log.info("The shopper of event %s could not be looked up: %s", event.id, error)
        return None
