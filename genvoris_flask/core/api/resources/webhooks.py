"""``/webhooks``."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from ..http import RetryPolicy
from ..models import WebhookEndpoint, WebhookTest, published_type
from ..parsing import read_list, read_object
from .base import Resource, path_id, present


class WebhookEndpoints(Resource):
    """``/webhooks``: where Genvoris sends webhooks."""

    def list(self) -> builtins.list[WebhookEndpoint]:
        """Give all endpoints. Changes nothing, so it is repeated whenever the fault may pass."""
        items, _ = read_list(self._send("GET", "/webhooks", RetryPolicy.ALWAYS), "GET /webhooks")
        return [WebhookEndpoint.read(item) for item in items]

    def create(
        self, *, url: str, secret: str, events: Sequence[str], description: str | None = None
    ) -> WebhookEndpoint:
        """Have webhooks sent to an address of the shop.

        Doing it twice makes two, and each delivers: it is repeated only when the first surely
        had no effect.

        Args:
            url: Where to, ``https://``.
            secret: What deliveries are signed with; set the same as GENVORIS_WEBHOOK_SECRET.
            events: The types to send, such as ``tryon.completed``. Those that Genvoris publishes
                under an older name alone are asked for by it, so that the names of
                ``@genvoris.on`` are good here too.
            description: A note.

        Raises:
            BadRequestError: A field is wrong.
        """
        types = [*dict.fromkeys(published_type(event) for event in events)]
        fields = present(url=url, secret=secret, events=types, description=description)
        body = self._send(
            "POST", "/webhooks", RetryPolicy.IF_UNSENT, json=fields, secrets=(secret,)
        )
        return WebhookEndpoint.read(read_object(body, "POST /webhooks"))

    def test(self, endpoint_id: str) -> WebhookTest:
        """Have a ``webhook.test`` delivered. A second one does no harm, so it is repeated.

        Raises:
            NotFoundError: There is no such endpoint.
        """
        body = self._send("POST", f"/webhooks/{path_id(endpoint_id)}/test", RetryPolicy.ALWAYS)
        return WebhookTest.read(read_object(body, "POST /webhooks/{id}/test") if body else {})

    def delete(self, endpoint_id: str) -> None:
        """Send nothing there any more.

        It is repeated only when the first surely had no effect, so that NotFoundError means what
        it says.

        Raises:
            NotFoundError: There is no such endpoint, or it was deleted already.
        """
        self._send("DELETE", f"/webhooks/{path_id(endpoint_id)}", RetryPolicy.IF_UNSENT)
