"""Mints tokens at Genvoris, and registers shoppers there only when that is safe."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import (
    ExternalIdError,
    ForbiddenError,
    GenvorisError,
    NotFoundError,
    NotRegisteredError,
    RateLimitedError,
    UnreachableError,
)
from ..api.client import GenvorisClient
from ..api.models import Customer, Session
from ..pacing import PacedError, Priority
from ..rates import Rate
from . import Shopper
from .known import KnownShoppers

log: logging.Logger = logging.getLogger("genvoris_flask.sessions")

CUSTOMER_PREFIX = "ec_"  # of Genvoris's own customer ids
MINT_SECONDS = 10.0
REVOKE_SECONDS = 3.0
MINTS_OF_ONE = 30  # in an hour, for one shopper


class Mint:
    """Mints and revokes tokens.

    Args:
        client: Sends the requests.
        ttl: The lifetime of new tokens, in seconds.
        default_plan: The plan that unknown shoppers are registered with, or a function that
            returns it. None: they are not.
        external_id_prefix: Put in front of the shop's ids.
        known: The shoppers whom Genvoris knows.
    """

    def __init__(
        self,
        client: GenvorisClient,
        ttl: int,
        default_plan: str | Callable[[], str] | None,
        external_id_prefix: str,
        known: KnownShoppers,
    ) -> None:
        patient = client.with_timeout(MINT_SECONDS)
        self._clients = {each: patient.with_priority(each) for each in Priority}
        self._known = known
        self._revoking = client.with_timeout(REVOKE_SECONDS)
        self._ttl = ttl
        # Twice as many as expire in an hour, and some more for log-outs and changes of plans.
        self._own_rates = [Rate(MINTS_OF_ONE + 2 * 3600 // ttl, 1, "hour")]
        self._default_plan = default_plan
        self._prefix = external_id_prefix
        self._logged_codes: set[str] = set()

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id of a shopper as Genvoris knows it.

        Raises:
            ExternalIdError: It looks like one of Genvoris's own ids. In a path it would name
                another shopper.
        """
        external_id = self._prefix + shopper.external_id
        if external_id.strip().lower().startswith(CUSTOMER_PREFIX):
            raise ExternalIdError(
                f"A shopper's id begins with {CUSTOMER_PREFIX}, as Genvoris's own ids do, so it "
                "could name another shopper there. Set GENVORIS_EXTERNAL_ID_PREFIX."
            )
        return external_id

    def mint(
        self, shopper: Shopper, customer_id: str, priority: Priority = Priority.SHOPPER
    ) -> Session:
        """Mint a token. Register the shopper first if Genvoris knows none of their ids.

        A registration starts a new period with a fresh quota, so a shopper who is registered
        must never be registered again.

        Args:
            shopper: The shopper.
            customer_id: The best id that is known of them.
            priority: How urgent it is.

        Raises:
            ExternalIdError: Genvoris returned another shopper's token, which was revoked.
            PacedError: It was not asked, since that would exceed its limits.
            GenvorisError: The request failed.
        """
        client = self._clients[priority]
        self._known.count_mint(shopper.external_id, self._own_rates)
        try:
            session = self._mint_for_known(shopper, customer_id, priority)
        except NotFoundError:
            if not self._default_plan:
                raise
            registered = self._register(shopper, client).id
            session = self._mint(registered, self.external_id(shopper), client)
        self._known.add(shopper.external_id)
        return session

    def _register(self, shopper: Shopper, client: GenvorisClient) -> Customer:
        plan = self._default_plan
        plan_id = plan() if callable(plan) else shopper.plan_id or plan
        try:
            return client.customers.upsert(
                external_id=self.external_id(shopper),
                email=shopper.email,
                plan_id=plan_id,
            )
        except PacedError:
            raise
        except (ForbiddenError, RateLimitedError) as error:
            # A limit of registrations, or one wrong plan, must not cost all others their tokens.
            if error.code not in self._logged_codes:
                self._logged_codes.add(error.code)
                log.error(  # noqa: TRY400  (a traceback would add nothing)
                    "Genvoris does not register new shoppers: see GENVORIS_DEFAULT_PLAN. (%s)",
                    error,
                )
            raise NotRegisteredError(error.problem) from error

    def revoke(self, session: Session) -> bool:
        """Revoke a token; return False if Genvoris did not answer."""
        if not session.jti:
            return True
        try:
            self._revoking.sessions.revoke(session.customer_id, session.jti)
        except GenvorisError as error:
            log.debug("A dropped token could not be revoked; it will expire. (%s)", error)
            return not isinstance(error, UnreachableError)
        return True

    def _mint_for_known(self, shopper: Shopper, customer_id: str, priority: Priority) -> Session:
        client, external_id = self._clients[priority], self.external_id(shopper)
        if customer_id != external_id:
            try:
                # The shop may have linked them to a customer of another external id, on purpose.
                return self._mint(customer_id, None, client)
            except NotFoundError:
                pass
        registers = self._default_plan is not None
        self._known.introduce(shopper.external_id, priority, registers=registers)
        return self._mint(external_id, external_id, client)

    def _mint(self, name: str, external_id: str | None, client: GenvorisClient) -> Session:
        """Mint a token, and check that it belongs to the right shopper.

        Args:
            name: The id to ask with: Genvoris's or the shop's.
            external_id: The shop's id that the token must belong to. None allows any, for an id
                of Genvoris's.
            client: Sends the request.
        """
        session = client.sessions.mint(name, expires_in=self._ttl)
        is_other = session.external_id not in (None, external_id) if external_id else False
        if is_other or (name.startswith(CUSTOMER_PREFIX) and session.customer_id != name):
            self.revoke(session)
            raise ExternalIdError("Genvoris returned a session of another shopper.")
        return session
