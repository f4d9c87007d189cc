"""A shopper of the shop, as Genvoris knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from .controls import call

if TYPE_CHECKING:
    from ..core.api.client import GenvorisClient
    from ..core.api.models import Usage


class SandboxShopper:
    """A customer of the sandbox, with methods that bring them into any state.

    Attributes:
        external_id: The shop's id of the shopper, for the shop's test user.
        email: The shopper's address.
        customer_id: Genvoris's id of the shopper.
        plan_id: The shopper's plan, or None.
    """

    def __init__(
        self,
        client: GenvorisClient,
        url: str,
        *,
        external_id: str,
        email: str,
        customer_id: str,
        plan_id: str | None,
    ) -> None:
        self._client = client
        self._url = url
        self.external_id = external_id
        self.email = email
        self.customer_id = customer_id
        self.plan_id = plan_id

    @property
    def used(self) -> int:
        """The number of try-ons used in this period."""
        return self._usage.used

    @property
    def remaining(self) -> int:
        """The number of try-ons left in this period."""
        return self._usage.remaining

    def spend(self, count: int = 1) -> None:
        """Use try-ons one by one, as a shop's own engine does.

        Raises:
            QuotaError: Fewer are left, all of which are used.
        """
        token = self.token()
        for _ in range(count):
            self._client.tryons.track(end_customer_token=token)

    def exhaust(self) -> None:
        """Use all try-ons that are left: the next one is refused with ``quota_exhausted``."""
        usage = self._usage
        name = quote(self.customer_id, safe="")
        used = max(usage.used, usage.limit or 0)
        call(self._url, "PATCH", f"/sandbox/customers/{name}", {"used": used})

    def renew(self, plan_id: str | None = None) -> None:
        """Start a new period with a full quota, as a sale or a renewal does."""
        self.plan_id = plan_id or self.plan_id
        self._client.customers.upsert(
            external_id=self.external_id, email=self.email, plan_id=self.plan_id
        )

    def pause(self) -> None:
        """Pause the shopper, who may not try on and gets no tokens."""
        self._client.customers.update(self.customer_id, status="PAUSED")

    def cancel(self) -> None:
        """Cancel the shopper, who may not try on and gets no tokens."""
        self._client.customers.cancel(self.customer_id)

    def token(self) -> str:
        """Mint a session token."""
        return self._client.sessions.mint(self.customer_id).token

    @property
    def _usage(self) -> Usage:
        return self._client.customers.usage(self.customer_id)
