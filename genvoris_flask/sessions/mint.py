"""Asks Genvoris for a shopper's token, and registers them only when that is safe."""

from __future__ import annotations

import logging

from ..api.client import GenvorisClient
from ..api.models import Customer, Session
from ..errors import (
    ForbiddenError,
    GenvorisError,
    NotFoundError,
    NotRegisteredError,
    RateLimitedError,
)
from .shopper import Shopper

log = logging.getLogger("genvoris_flask.sessions")

MINT_SECONDS = 10.0
REVOKE_SECONDS = 3.0


class Mint:
    """Mints and revokes tokens.

    Args:
        client: Reaches Genvoris.
        ttl: Seconds that a new token shall live.
        default_plan: The plan that unknown shoppers are registered with; None: they are not.
        external_id_prefix: Put in front of the shop's ids.
    """

    def __init__(
        self, client: GenvorisClient, ttl: int, default_plan: str | None, external_id_prefix: str
    ) -> None:
        self._client = client.with_timeout(MINT_SECONDS)
        self._revoking = client.with_timeout(REVOKE_SECONDS)
        self._ttl = ttl
        self._default_plan = default_plan
        self._prefix = external_id_prefix
        self._told: set[str] = set()

    def external_id(self, shopper: Shopper) -> str:
        """Give the shop's id as Genvoris knows it."""
        return self._prefix + shopper.external_id

    def mint(self, shopper: Shopper, customer_id: str) -> Session:
        """Mint, and register the shopper only when no id of theirs is known to Genvoris.

        A registration starts a new period with a fresh quota, so it must never happen to a
        shopper who is there already (contract, POST /customers).

        Args:
            shopper: Whose token it is.
            customer_id: The best id that is known.

        Raises:
            GenvorisError: There is no token for them now.
        """
        try:
            return self._mint_for_known(shopper, customer_id)
        except NotFoundError:
            if not self._default_plan:
                raise
        customer = self._register(shopper)
        return self._client.sessions.mint(customer.id, expires_in=self._ttl)

    def _register(self, shopper: Shopper) -> Customer:
        try:
            return self._client.customers.upsert(
                external_id=self.external_id(shopper),
                email=shopper.email,
                plan_id=shopper.plan_id or self._default_plan,
            )
        except (ForbiddenError, RateLimitedError) as error:
            # 100 registrations an hour, or one wrong plan, must not cost all others their tokens.
            if error.code not in self._told:
                self._told.add(error.code)
                log.error(  # noqa: TRY400  (our errors say it all)
                    "Genvoris does not register newcomers: see GENVORIS_DEFAULT_PLAN. (%s)", error
                )
            raise NotRegisteredError(error.problem) from error

    def revoke(self, session: Session) -> None:
        """Make a token useless before its end, if Genvoris can be asked."""
        if not session.jti:
            return
        try:
            self._revoking.sessions.revoke(session.customer_id, session.jti)
        except GenvorisError as error:
            log.debug("A dropped token could not be revoked; it ends by itself. (%s)", error)

    def _mint_for_known(self, shopper: Shopper, customer_id: str) -> Session:
        external_id = self.external_id(shopper)
        try:
            return self._client.sessions.mint(customer_id, expires_in=self._ttl)
        except NotFoundError:
            if customer_id == external_id:
                raise
        return self._client.sessions.mint(external_id, expires_in=self._ttl)
