"""``/customers/{id}/sessions``."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable

from ..http import HttpClient, RetryPolicy
from ..models import ActiveSession, Session
from ..parsing import read_list, read_object
from .base import Resource, path_id


class Sessions(Resource):
    """``/customers/{id}/sessions``: tokens for browsers."""

    def __init__(self, http: HttpClient, timeout: float, now: Callable[[], float] = time.time):
        super().__init__(http, timeout)
        self._now = now

    def mint(self, customer_id: str, *, expires_in: int | None = None) -> Session:
        """Mint a token. A second one does no harm, so a failure is tried again.

        Args:
            customer_id: Genvoris's id or the shop's.
            expires_in: Seconds to live, 60 to 3600; 900 when not given.

        Raises:
            CustomerInactiveError: The customer is paused or cancelled.
            BadRequestError: ``expires_in`` is out of range.
            NotFoundError: There is no such customer.
        """
        fields = {} if expires_in is None else {"expires_in": expires_in}
        asked_at = self._now()
        path = f"/customers/{path_id(customer_id)}/sessions"
        body = self._send("POST", path, RetryPolicy.ALWAYS, json=fields)
        return Session.read(read_object(body, "POST /customers/{id}/sessions"), asked_at)

    def list(self, customer_id: str) -> builtins.list[ActiveSession]:
        """Return a customer's tokens that are good now. Repeated whenever the fault may pass.

        Args:
            customer_id: Genvoris's id or the shop's.

        Raises:
            NotFoundError: There is no such customer.
        """
        path = f"/customers/{path_id(customer_id)}/sessions"
        items, _ = read_list(
            self._send("GET", path, RetryPolicy.ALWAYS), "GET /customers/{id}/sessions"
        )
        return [ActiveSession.read(item) for item in items]

    def revoke(self, customer_id: str, jti: str) -> None:
        """Make a token useless before its end.

        A second one changes nothing more, so it is repeated whenever the fault may pass.

        Raises:
            NotFoundError: There is no such customer, or the token is not theirs.
        """
        path = f"/customers/{path_id(customer_id)}/sessions/{path_id(jti)}"
        self._send("DELETE", path, RetryPolicy.ALWAYS)
