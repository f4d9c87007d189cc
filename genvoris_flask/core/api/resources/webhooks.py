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
        """Return all endpoints. Retried while the error may be temporary."""
        items, _ = read_list(self._send("GET", "/webhooks", RetryPolicy.ALWAYS), "GET /webhooks")
        return [WebhookEndpoint.read(item) for item in items]

    def create(
        self, *, url: str, secret: str, events: Sequence[str], description: str | None = None
    ) -> WebhookEndpoint:
        """Have webhooks sent to a URL of the shop.

        A second request creates a second endpoint, and both deliver: the call is retried only if
        the first one certainly had no effect.

        Args:
            url: The URL, which starts with ``https://``.
            secret: Signs the deliveries; set the same one as GENVORIS_WEBHOOK_SECRET.
            events: The types to send, such as ``tryon.completed``. The names of ``@genvoris.on``
                work here too: where Genvoris knows only an older name, that one is sent.
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
        """Have a ``webhook.test`` delivered. A second one does no harm, so the call is retried.

        Raises:
            NotFoundError: There is no such endpoint.
        """
        body = self._send("POST", f"/webhooks/{path_id(endpoint_id)}/test", RetryPolicy.ALWAYS)
        return WebhookTest.read(read_object(body, "POST /webhooks/{id}/test") if body else {})

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint.

        The call is retried only if the first request certainly had no effect, so that a retry
        never raises NotFoundError.

        Raises:
            NotFoundError: There is no such endpoint, or it was deleted already.
        """
        self._send("DELETE", f"/webhooks/{path_id(endpoint_id)}", RetryPolicy.IF_UNSENT)
