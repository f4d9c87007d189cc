"""Asks Genvoris for a shopper's token, and registers them only when that is safe."""

from __future__ import annotations

import logging

from ...errors import (
    ExternalIdError,
    ForbiddenError,
    GenvorisError,
    NotFoundError,
    NotRegisteredError,
    RateLimitedError,
)
from ..api.client import GenvorisClient
from ..api.models import Customer, Session
from .shopper import Shopper

log = logging.getLogger("genvoris_flask.sessions")

CUSTOMER_PREFIX = "ec_"  # of Genvoris's own ids of customers
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
        """Return the shop's id of a shopper as Genvoris knows it.

        Raises:
            ExternalIdError: It looks like an id of Genvoris's own. Where those can be given, such
                as in a path, it would be another shopper's.
        """
        external_id = self._prefix + shopper.external_id
        if external_id.strip().lower().startswith(CUSTOMER_PREFIX):
            raise ExternalIdError(
                f"A shopper's id begins with {CUSTOMER_PREFIX}, as Genvoris's own ids do, so there "
                "it could be another shopper's. Set GENVORIS_EXTERNAL_ID_PREFIX."
            )
        return external_id

    def mint(self, shopper: Shopper, customer_id: str) -> Session:
        """Mint a token, and register the shopper only when no id of theirs is known to Genvoris.

        A registration starts a new period with a fresh quota, so it must never happen to a
        shopper who is there already.

        Args:
            shopper: Whose token it is.
            customer_id: The best id that is known.

        Raises:
            ExternalIdError: The token that came is somebody else's; it is revoked.
            GenvorisError: There is no token for them now.
        """
        try:
            return self._mint_for_known(shopper, customer_id)
        except NotFoundError:
            if not self._default_plan:
                raise
        return self._mint(self._register(shopper).id, self.external_id(shopper))

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
        if customer_id != external_id:
            try:
                # The shop may have linked them to a customer of another external id, on purpose.
                return self._mint(customer_id, None)
            except NotFoundError:
                pass
        return self._mint(external_id, external_id)

    def _mint(self, name: str, external_id: str | None) -> Session:
        """Mint a token for whom an id names, and make sure that it is theirs.

        Args:
            name: Genvoris's id or the shop's.
            external_id: Whose the token must be; None: whoever has the id of Genvoris's.
        """
        session = self._client.sessions.mint(name, expires_in=self._ttl)
        is_other = session.external_id not in (None, external_id) if external_id else False
        if is_other or (name.startswith(CUSTOMER_PREFIX) and session.customer_id != name):
            self.revoke(session)
            raise ExternalIdError("Genvoris gave a session of another shopper than was asked for.")
        return session
