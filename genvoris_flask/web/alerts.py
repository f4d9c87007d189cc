"""Tells the shop's owner at a URL of theirs how fast credits are being spent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any

from ..core.api.network import open_connections
from ..core.api.response import Deadline
from ..core.outbox.messages import Message, Outbox, UndeliverableError
from ..core.tryon.burn_guard import BurnNotice
from ..errors import GenvorisError, QueueFullError

KIND = "alert"
SECONDS = 10.0
# Later it would say nothing about the credits of then.
VALID_SECONDS = 3600.0
_PASSING = {408, 425, 429}


class AlertError(Exception):
    """An alert was not taken. The message names neither the URL nor what its server said."""


def put_alert(outbox: Outbox, notice: BurnNotice, text: str, now: float) -> None:
    """Have the owner told soon.

    Args:
        outbox: Delivers the alert, and tries again when that fails.
        notice: How fast credits are being spent.
        text: The same in a sentence.
        now: The time in Unix seconds.
    """
    content = {
        "type": "credits_burning",
        "text": text,
        "spent": notice.spent,
        "pool": notice.pool,
        "paused": notice.paused,
    }
    body = {"content": content, "valid_until": now + VALID_SECONDS}
    with suppress(QueueFullError):  # the log has it
        outbox.put(Message(KIND, f"{KIND}:{secrets.token_urlsafe(12)}", body))


def send_alert(url: str | None, body: Mapping[str, Any], now: float) -> None:
    """POST an alert as JSON, unless it is too late for that, or no longer asked for.

    Args:
        url: ``GENVORIS_ALERT_URL``. It may contain a secret, and is in no message.
        body: What ``put_alert`` put.
        now: The time in Unix seconds.

    Raises:
        AlertError: It was not taken; it may be taken later.
        UndeliverableError: It was refused.
    """
    if url is None or now > body["valid_until"]:
        return
    try:
        status = _post(url, body["content"])
    except GenvorisError as error:
        reason = type(error).__name__
        raise AlertError(f"The server of GENVORIS_ALERT_URL did not answer ({reason}).") from None
    if status >= 500 or status in _PASSING:
        raise AlertError(f"The server of GENVORIS_ALERT_URL answered {status}.")
    if status >= 300:
        raise UndeliverableError(f"http_{status}")


def _post(url: str, content: Mapping[str, Any]) -> int:
    """Return the status. Redirects are not followed, and the body is not read."""
    with closing(open_connections({}, url, keep=False)) as connections:
        deadline = Deadline(SECONDS)
        request = connections.open("POST", url, name="An alert", deadline=deadline, json=content)
        with closing(request) as response:
            return response.status
