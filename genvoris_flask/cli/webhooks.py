"""``flask genvoris webhooks …``, and ``flask genvoris webhook-test``."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext

from ..core.api.http import HttpClient, RetryPolicy
from ..core.api.models import WebhookEndpoint
from ..core.webhooks.events import KNOWN_TYPES
from ..core.webhooks.handling import EVERY_TYPE
from ..core.webhooks.signature import HEADER, sign
from ..errors import ApiError, UnreachableError
from ..web.state import AppState
from .output import (
    FILLED,
    Failure,
    PassingFailure,
    json_option,
    may_have_happened,
    sentence,
    show_fields,
    show_json,
    show_table,
    this_shop,
)

COLUMNS = {
    "id": "ID",
    "url": "URL",
    "events": "EVENTS",
    "active": "ACTIVE",
    "created_at": "SINCE",
    "description": "DESCRIPTION",
}
TIMEOUT = 10.0  # seconds; Genvoris waits as long
TEST_TYPE = "webhook.test"  # Genvoris also sends it to endpoints that do not subscribe to it


@click.group()
def webhooks() -> None:
    """Where Genvoris sends webhooks. ID is an endpoint's at Genvoris."""


@webhooks.command("list")
@json_option
@with_appcontext
def list_endpoints(as_json: bool) -> None:
    """List the endpoints."""
    found = this_shop().client.webhook_endpoints.list()
    if as_json:
        show_json([asdict(endpoint) for endpoint in found])
    else:
        empty = "There are no endpoints yet: flask genvoris webhooks create --help"
        show_table([_row(endpoint) for endpoint in found], COLUMNS, empty)


@webhooks.command()
@click.argument("url", type=FILLED)
@click.option(
    "--event",
    "events",
    multiple=True,
    type=FILLED,
    help="A type to send; may be repeated. Default: those of your @genvoris.on functions.",
)
@click.option("--description", type=FILLED, help="A note.")
@click.option("--once", is_flag=True, help="Do nothing if webhooks are sent to URL already.")
@json_option
@with_appcontext
def create(
    url: str, events: tuple[str, ...], description: str | None, once: bool, as_json: bool
) -> None:
    """Have webhooks sent to URL, signed with GENVORIS_WEBHOOK_SECRET.

    Doing it twice makes two, unless it is done with --once.

    URL is your shop's address and /genvoris/webhook, or what GENVORIS_URL_PREFIX says instead.
    """
    shop = this_shop()
    if not shop.settings.webhook_secret:
        raise Failure(
            "GENVORIS_WEBHOOK_SECRET is not set, so your shop could not verify what is sent: set "
            "it to a long random text first."
        )
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("URL must be a whole address, with https://.")
    wanted = events or _events_listened_to(shop)
    others = [each for each in shop.client.webhook_endpoints.list() if each.url == url]
    if others and once:
        _show(others[0], as_json)
        return
    _warn_of_others(others)
    _show(_create(shop, url, wanted, description), as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ID", type=FILLED)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def delete(endpoint_id: str, yes: bool, as_json: bool) -> None:
    """Send nothing there any more."""
    endpoints = this_shop().client.webhook_endpoints
    if not yes:
        known = {endpoint.id: f" ({endpoint.url})" for endpoint in endpoints.list()}
        click.confirm(f"Delete {endpoint_id}{known.get(endpoint_id, '')}?", abort=True, err=True)
    endpoints.delete(endpoint_id)
    if as_json:
        show_json({"id": endpoint_id, "deleted": True})
    else:
        click.echo(f"{endpoint_id} is deleted.")


@webhooks.command()
@click.argument("endpoint_id", metavar="ID", type=FILLED)
@json_option
@with_appcontext
def test(endpoint_id: str, as_json: bool) -> None:
    """Have Genvoris send a webhook.test.

    `webhook-test` sends one from here, without Genvoris.
    """
    sent = this_shop().client.webhook_endpoints.test(endpoint_id)
    if as_json:
        show_json(asdict(sent))
    else:
        named = f" ({sent.event_id})" if sent.event_id else ""
        click.echo(f"A webhook.test{named} is on its way to {endpoint_id}.")


def _events_listened_to(shop: AppState) -> list[str]:
    """Return the event types that the shop has handlers for, by their current names.

    Raises:
        Failure: The shop has no handlers.
    """
    types = {handler.type for handler in shop.hooks.webhook_handlers}
    if EVERY_TYPE in types:
        types = (types - {EVERY_TYPE}) | KNOWN_TYPES
    if not types - {TEST_TYPE}:
        raise Failure(
            "No function is registered with @genvoris.on, so say what shall be sent: --event "
            "tryon.completed, for instance."
        )
    return sorted(types - {TEST_TYPE})


def _warn_of_others(others: Sequence[WebhookEndpoint]) -> None:
    if others:
        click.echo(
            f"{', '.join(each.id for each in others)} sends to this address too: until you delete "
            "it, what both send comes twice.",
            err=True,
        )


def _create(
    shop: AppState, url: str, events: Sequence[str], description: str | None
) -> WebhookEndpoint:
    secret = shop.settings.webhook_secret[0]
    try:
        return shop.client.webhook_endpoints.create(
            url=url, secret=secret, events=events, description=description
        )
    except (ApiError, UnreachableError) as error:
        if may_have_happened(error):
            raise Failure(
                f"{sentence(error)} The endpoint may be there all the same: look with `flask "
                "genvoris webhooks list` before you try again."
            ) from None
        raise


def _show(endpoint: WebhookEndpoint, as_json: bool) -> None:
    if as_json:
        show_json(asdict(endpoint))
    else:
        row = _row(endpoint)
        show_fields({heading.lower(): row[name] for name, heading in COLUMNS.items()})


def _row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {**asdict(endpoint), "events": ", ".join(endpoint.events)}


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
    _show_answer(event, status, answer, as_json)


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
    shop.outbox.flush(TIMEOUT)
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


def _show_answer(event: dict[str, Any], status: int, answer: str, as_json: bool) -> None:
    text = answer.strip()[:500]
    if as_json:
        show_json({"event": event, "status": status, "answer": text})
    else:
        show_fields({"event": event["id"], "type": event["type"], "status": status, "": text})
    if not 200 <= status < 300:
        raise Failure(f"The shop answered {status}, so Genvoris would deliver this again.")
