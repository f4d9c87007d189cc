"""``flask genvoris webhook-test``: sends a delivery as Genvoris does."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import click
from flask.cli import with_appcontext

from ..core.api.http import HttpClient, RetryPolicy
from ..core.webhooks.signature import HEADER, sign
from ..errors import ApiError, UnreachableError
from ..web.state import AppState
from .failures import FILLED, Failure, PassingFailure, this_shop
from .output import json_option, show_fields, show_json

TIMEOUT = 10.0  # seconds; Genvoris waits as long


@click.command("webhook-test", short_help="Send the shop a signed delivery.")
@click.option("--type", "event_type", type=FILLED, default="webhook.test", show_default=True)
@click.option("--data", default="{}", help="A JSON object to send as data.")
@click.option("--id", "event_id", help="To send an event once more; default: a new one.")
@click.option("--url", help="Where a running shop takes webhooks; default: this app, in-process.")
@json_option
@with_appcontext
def webhook_test(
    event_type: str, data: str, event_id: str | None, url: str | None, as_json: bool
) -> None:
    """Sign a delivery as Genvoris does, send it, and say what came of it."""
    shop = this_shop()
    if not shop.settings.webhook_secret:
        raise Failure("GENVORIS_WEBHOOK_SECRET is not set, so no delivery can be signed.")
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.BadParameter("--url must be a whole address, with https://.")
    now = int(time.time() if url else shop.clock())
    event = {
        "id": event_id or f"evt_test_{secrets.token_hex(8)}",
        "type": event_type,
        "created": now,
        "data": _read_data(data),
    }
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        HEADER: sign(shop.settings.webhook_secret[0], body, now),
        "X-Genvoris-Event": event_type,
        "X-Genvoris-Delivery": f"dlv_test_{secrets.token_hex(8)}",
    }
    status, answer = _post(url, body, headers) if url else _post_here(shop, body, headers)
    _show(event, status, answer, as_json)


def _read_data(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise click.BadParameter("It must be a JSON object, such as '{\"balance\": 12}'.")
    return data


def _post_here(shop: AppState, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Deliver to the shop's route without a server; handlers run in this process."""
    path = f"{shop.settings.url_prefix}/webhook"
    answer = shop.app.test_client().post(path, data=body, headers=headers)
    shop.background.join(TIMEOUT)
    return answer.status_code, answer.text


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    try:
        answer = HttpClient(url, headers).request(
            "POST", "", timeout=TIMEOUT, repeat=RetryPolicy.NEVER, content=body
        )
    except ApiError as error:
        return error.status, f"{error.code}: {error.detail}"
    except UnreachableError as error:
        # The URL is not shown, since it may contain a password.
        text = f"Nothing answers at --url: does the shop run there? ({error})"
        raise PassingFailure(text) from None
    return answer.status, answer.body.decode(errors="replace")


def _show(event: dict[str, Any], status: int, answer: str, as_json: bool) -> None:
    text = answer.strip()[:500]
    if as_json:
        show_json({"event": event, "status": status, "answer": text})
    else:
        show_fields({"event": event["id"], "type": event["type"], "status": status, "": text})
    if not 200 <= status < 300:
        raise Failure(f"The shop answered {status}, so Genvoris would deliver this again.")
