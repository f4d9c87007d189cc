"""Session tokens: one per shopper, minted once, cached, shared between processes, verified.

Others use ``Shopper``, ``SessionBroker`` (``broker``), which returns and drops tokens, and
``TokenVerifier`` (``verifier``), which checks tokens that come from browsers. ``SharedSessions``
(``cache``) has two implementations: one for a shop of one process, one for a store.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shopper:
    """A logged-in shopper, as the shop knows them.

    Attributes:
        external_id: The shop's own id: any stable string.
        email: Sent to Genvoris only when it registers the shopper.
        customer_id: Genvoris's id (``ec_…``), if the shop has stored it.
        plan_id: The plan (``pln_…``) to register with, instead of GENVORIS_DEFAULT_PLAN.
        email_verified: Whether the shop has verified that the address is the shopper's own.
    """

    external_id: str
    email: str | None = field(default=None, repr=False)
    customer_id: str | None = None
    plan_id: str | None = None
    email_verified: bool = False

    def __post_init__(self) -> None:
        external_id: object = self.external_id
        if not isinstance(external_id, str) or not external_id:
            raise ValueError("Shopper.external_id must be a non-empty string: use str(user.id).")

    @property
    def verified_email(self) -> str | None:
        """The address, if the shop has verified it."""
        return self.email if self.email_verified else None
