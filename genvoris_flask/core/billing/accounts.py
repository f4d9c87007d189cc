"""Changes the accounts of shoppers at Genvoris, each by one event of the billing system, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...errors import BadRequestError, ForbiddenError, NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer, Status
from ..sessions.shopper import Shopper
from ..storage.interface import Store
from .changes import Change
from .idempotency import Attempt, IdempotencyStore
from .sending import Names, Sender

Linked = Callable[[Shopper, str], None]
ChoosePlan = Callable[[Customer | None], str | None]
Decide = Callable[[Customer | None], Change]


class Tokens(Names, Protocol):
    """What keeps shoppers' tokens."""

    def replace(self, shopper: Shopper) -> None:
        """Drop the shopper's token and mint a new one, in the background."""

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token, in the background."""


class Accounts:
    """The shoppers' accounts.

    Args:
        client: Speaks to Genvoris.
        store: Remembers events; shared by all processes that sell.
        tokens: Keeps shoppers' tokens.
        linked: Told the customer id of a shopper whose quota was filled.
    """

    def __init__(
        self, client: GenvorisClient, store: Store, tokens: Tokens, linked: Linked
    ) -> None:
        self._sender = Sender(client, tokens)
        self._tokens = tokens
        self._linked = linked
        self._ledger = IdempotencyStore(store)

    def fill(
        self,
        call: str,
        shopper: Shopper,
        choose: Callable[[], str | None],
        event_id: str | None,
        *,
        anew: bool,
    ) -> Customer:
        """Begin a period with a full quota.

        Args:
            call: What the event asked for, since one event may ask for several things.
            shopper: Whose; their email is sent when they have one.
            choose: Returns the plan's id; None keeps theirs. Called once for an event.
            event_id: By which event.
            anew: Whether it is a sale, which registers shoppers and ends pauses.
        """

        def decide(_before: Customer | None) -> Change:
            plan_id = choose()
            return Change(
                fills=True,
                registers=anew,
                sets_plan=plan_id is not None,
                plan_id=plan_id,
                status="ACTIVE",
            )

        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self._once(attempt, shopper, decide)
        # Also for a repeat: the process that did it may have died before it came to this.
        self._renew_token(shopper, customer)
        self._linked(shopper, customer.id)
        return customer

    def change(
        self,
        call: str,
        shopper: Shopper,
        event_id: str | None,
        *,
        plan: Callable[[], str | None] | None = None,
        status: Status | None = None,
        takes_back: Callable[[str], bool] | None = None,
    ) -> Customer:
        """Change plan or status of the shopper, without touching what they have used.

        Args:
            call: What the event asked for.
            shopper: Whose.
            event_id: By which event.
            plan: Returns the plan's id, or None for no plan; None keeps theirs.
            status: The new status; None keeps theirs.
            takes_back: For a refund: says of the latest sale whether it is what is taken back.
                If it is not, nothing is done: what is there now was paid for.
        """

        def decide(_before: Customer | None) -> Change:
            last = self._ledger.latest_sale(shopper.external_id) if takes_back else None
            if takes_back and last is not None and not takes_back(last):
                return Change()
            return Change(
                sets_plan=plan is not None,
                plan_id=plan() if plan else None,
                status=status,
                is_refund=takes_back is not None,
            )

        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self._once(attempt, shopper, decide, looks_first=False)
        self._renew_token(shopper, customer)
        return customer

    def resize(
        self,
        call: str,
        shopper: Shopper,
        event_id: str | None,
        choose: ChoosePlan,
        *,
        is_sale: bool,
    ) -> Customer:
        """Move the shopper to a plan of another size, without touching what they have used.

        Args:
            call: What the event asked for.
            shopper: Whose.
            event_id: By which event.
            choose: Returns the plan's id from how the shopper stands; called once for an event.
            is_sale: Whether it registers shoppers and ends pauses.
        """

        def decide(before: Customer | None) -> Change:
            return Change(
                registers=is_sale,
                sets_plan=True,
                plan_id=choose(before),
                status="ACTIVE" if is_sale else None,
                adds=True,
            )

        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self._once(attempt, shopper, decide)
        self._renew_token(shopper, customer)
        self._linked(shopper, customer.id)
        return customer

    def close(
        self, call: str, shopper: Shopper, event_id: str, plan_id: str | None
    ) -> Customer | None:
        """Leave nothing of the shopper's to whoever has their id next.

        Args:
            call: What the event asked for.
            shopper: Whose.
            event_id: By which event.
            plan_id: The plan that newcomers have; None for no plan.

        Returns:
            The customer; None when Genvoris does not know them.
        """
        change = Change(fills=True, sets_plan=True, plan_id=plan_id, status="ACTIVE", erases=True)
        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self.find(shopper)
            if not attempt.is_done:
                if other := attempt.interrupted():
                    other.keep_place()  # it is overtaken by this one
                if attempt.has_started:
                    attempt.resume(change)
                else:
                    attempt.start(customer, change)
                customer = self._carry_out(attempt, shopper, customer, change) if customer else None
            attempt.finish(customer.id if customer else None)
        self._tokens.forget(shopper)
        return customer

    def is_done(self, call: str, shopper: Shopper, event_id: str) -> bool:
        """Say whether an event was carried out.

        Raises:
            ValueError: The event id is no text, or empty.
            StoreUnavailableError: The store does not answer.
        """
        return self._ledger.is_done(call, shopper.external_id, event_id)

    def find(self, shopper: Shopper) -> Customer | None:
        """Return the shopper as Genvoris knows them, if it does."""
        return self._sender.find(shopper)

    def _once(
        self, attempt: Attempt, shopper: Shopper, decide: Decide, *, looks_first: bool = True
    ) -> Customer:
        """Do what the event asks, unless it was done; first what was left unfinished before it."""
        if attempt.done_for is not None:
            customer = self._sender.get(attempt.done_for)
        else:
            self._finish_interrupted(attempt, shopper)
            before = self.find(shopper) if looks_first else None
            with attempt.refused_without_effect():
                change = self._begin(attempt, before, decide)
                customer = self._carry_out(attempt, shopper, before, change)
        attempt.finish(customer.id)  # again for a repeat: it is kept from the last delivery on
        return customer

    def _begin(self, attempt: Attempt, before: Customer | None, decide: Decide) -> Change:
        noted = attempt.change
        if attempt.has_started and not (noted and noted.adds and attempt.has_diverged(before)):
            change = noted or decide(before)
            attempt.resume(change)
            return change
        change = decide(before)
        attempt.start(before, change)
        return change

    def _finish_interrupted(self, attempt: Attempt, shopper: Shopper) -> None:
        """Do what another event of the shopper's began; whether it was done is found out.

        Raises:
            GenvorisError: It cannot be done now, and no newer event may come before it.
        """
        other = attempt.interrupted()
        if other is None:
            return
        if other.is_done:
            other.finish(other.done_for)
            return
        if not attempt.has_started:
            attempt.keep_place()  # should this one break off too
        owner = Shopper(shopper.external_id)
        before, change = self.find(owner), other.change or Change()
        if before and not change.fills and change.fits(before):
            other.finish(before.id)
            return
        if before is None and change.erases:
            other.finish(None)
            return
        try:
            customer = self._carry_out(other, owner, before, change)
        except (BadRequestError, ForbiddenError, NotFoundError):
            other.keep_place()  # it was not done, and will not be however often it is tried
        else:
            other.finish(customer.id)

    def _carry_out(
        self, attempt: Attempt, shopper: Shopper, before: Customer | None, change: Change
    ) -> Customer:
        """Make the change, unless it turns out to be made; newer events' fields are left alone."""
        left = change.without(attempt.overtaken)
        if before and left.fills and left.fits(before) and attempt.has_filled(before):
            return before
        return self._sender.send(shopper, before, left, is_whole=left == change)

    def _renew_token(self, shopper: Shopper, customer: Customer) -> None:
        """Drop the token; Genvoris gives a new one to the active alone."""
        if customer.status == "ACTIVE":
            self._tokens.replace(shopper)
        else:
            self._tokens.forget(shopper)
