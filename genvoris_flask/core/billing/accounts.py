"""Changes shoppers' accounts at Genvoris: one event of the billing system each, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypedDict

from ...errors import BadRequestError, ForbiddenError, NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer, Status
from ..sessions import Shopper
from ..storage.interface import Store
from .changes import Change, CustomerIds, CustomerUpdater
from .idempotency import Attempt, IdempotencyStore, PaidPeriods
from .plans import DeclaredPlan

OnLinked = Callable[[Shopper, str], None]
Decide = Callable[[Customer | None], Change]


class TokenCache(CustomerIds, Protocol):
    """Caches shoppers' session tokens."""

    def replace(self, shopper: Shopper) -> None:
        """Drop the shopper's token and mint a new one, in the background."""

    def forget(self, shopper: Shopper) -> None:
        """Drop the shopper's token, in the background."""


class BillingParts(TypedDict):
    """What ``service.Billing`` is made from, for the classes that add to it."""

    client: GenvorisClient
    store: Store
    tokens: TokenCache
    on_linked: OnLinked
    declared: Sequence[DeclaredPlan] | None
    default_plan: str | None
    clock: Callable[[], float]


class Accounts:
    """The shoppers' accounts.

    Every method takes the name of the call that the event led to, since one event may lead to
    several calls, and the ``event_id``.

    Args:
        client: The REST client.
        store: Holds the records of events. It must be shared by all processes that sell.
        tokens: Caches shoppers' tokens, which a change makes obsolete.
        on_linked: Called with a shopper and their customer id after a sale or a renewal.
        clock: Returns the time in Unix seconds.
    """

    def __init__(
        self,
        client: GenvorisClient,
        store: Store,
        tokens: TokenCache,
        on_linked: OnLinked,
        clock: Callable[[], float],
    ) -> None:
        self._updater = CustomerUpdater(client, tokens)
        self._tokens = tokens
        self._on_linked = on_linked
        self._events = IdempotencyStore(store)
        self._periods = PaidPeriods(store, clock)

    def start_period(
        self,
        call: str,
        shopper: Shopper,
        choose: Callable[[], str | None],
        event_id: str | None,
        *,
        is_sale: bool,
    ) -> Customer:
        """Start a period with a full quota.

        Args:
            call: The name of the call.
            shopper: Whose account it is; a registration includes their email.
            choose: Returns the plan's id; None keeps the shopper's plan. Called once per event.
            event_id: The event's id.
            is_sale: Whether it registers shoppers and ends pauses.
        """

        def decide(before: Customer | None) -> Change:
            plan_id = choose()
            change = Change(
                fills=True,
                registers=is_sale,
                sets_plan=plan_id is not None,
                plan_id=plan_id,
                status="ACTIVE",
            )
            is_named = event_id is not None and not is_sale
            if is_named and change.fits(before) and self._periods.is_rolled(shopper, before):
                return replace(change, fills=False, rolled=True)
            return change

        with self._events.attempt(call, shopper.external_id, event_id) as attempt:
            is_repeat = attempt.is_done
            customer = self._run_once(attempt, shopper, decide)
            if event_id is not None and not is_repeat:
                self._periods.note(shopper, customer)
        # Repeats do this too: the process that made the change may have died before it did.
        self._refresh_token(shopper, customer)
        self._on_linked(shopper, customer.id)
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
        """Change the shopper's plan or status; what they have used stays used.

        Args:
            call: The name of the call.
            shopper: Whose account it is.
            event_id: The event's id.
            plan: Returns the plan's id, or None for no plan. By default the plan stays.
            status: The new status. By default it stays.
            takes_back: For refunds: returns whether the latest sale, given by its event id, is the
                one to take back. If it is not, nothing changes: the current plan was paid for.
        """

        def decide(_before: Customer | None) -> Change:
            last = self._events.latest_sale(shopper.external_id) if takes_back else None
            if takes_back and last is not None and not takes_back(last):
                return Change()
            return Change(
                sets_plan=plan is not None,
                plan_id=plan() if plan else None,
                status=status,
                is_refund=takes_back is not None,
            )

        with self._events.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self._run_once(attempt, shopper, decide, looks_first=False)
        self._refresh_token(shopper, customer)
        return customer

    def close(
        self,
        call: str,
        shopper: Shopper,
        event_id: str,
        plan_id: str | None,
        *,
        starts_anew: bool = True,
    ) -> Customer | None:
        """Reset the account, so that the next owner of the shop's id inherits nothing.

        Args:
            call: The name of the call.
            shopper: Whose account it is.
            event_id: The event's id.
            plan_id: The plan of new shoppers; None for no plan.
            starts_anew: Whether period and status are those of a new shopper, too.

        Returns:
            The customer; None if Genvoris does not know the shopper.
        """
        change = Change(sets_plan=True, plan_id=plan_id, erases=True)
        if starts_anew:
            change = replace(change, fills=True, status="ACTIVE")
        with self._events.attempt(call, shopper.external_id, event_id) as attempt:
            customer = self.find(shopper)
            if not attempt.is_done:
                if other := attempt.interrupted():
                    other.reserve_turn()  # this event supersedes it
                if attempt.has_started:
                    attempt.resume(change)
                else:
                    attempt.start(customer, change)
                customer = self._apply(attempt, shopper, customer, change) if customer else None
            attempt.finish(customer.id if customer else None)
        self._tokens.forget(shopper)
        return customer

    def is_done(self, call: str, shopper: Shopper, event_id: str) -> bool:
        """Return whether an event was carried out.

        Raises:
            ValueError: The event id is not a string, or is empty.
            StoreUnavailableError: The store does not answer.
        """
        return self._events.is_done(call, shopper.external_id, event_id)

    def find(self, shopper: Shopper) -> Customer | None:
        """Return the shopper's customer, or None if Genvoris does not know the shopper."""
        return self._updater.find(shopper)

    def _run_once(
        self, attempt: Attempt, shopper: Shopper, decide: Decide, *, looks_first: bool = True
    ) -> Customer:
        """Carry the event out unless that was done, after finishing one that was interrupted."""
        if attempt.customer_id is not None:
            customer = self._updater.get(attempt.customer_id)
        else:
            self._finish_interrupted(attempt, shopper)
            before = self.find(shopper) if looks_first else None
            with attempt.reserving_turn_if_refused():
                change = self._start_or_resume(attempt, before, decide)
                customer = self._apply(attempt, shopper, before, change)
        attempt.finish(customer.id)  # for repeats too: records are kept from the last delivery on
        return customer

    def _start_or_resume(self, attempt: Attempt, before: Customer | None, decide: Decide) -> Change:
        if attempt.has_started:
            change = attempt.change or decide(before)
            attempt.resume(change)
            return change
        change = decide(before)
        attempt.start(before, change)
        return change

    def _finish_interrupted(self, attempt: Attempt, shopper: Shopper) -> None:
        """Finish another event of the shopper, after finding out whether it was carried out.

        Raises:
            GenvorisError: It cannot be finished now, and newer events must not overtake it.
        """
        other = attempt.interrupted()
        if other is None:
            return
        if other.is_done:
            other.finish(other.customer_id)
            return
        if not attempt.has_started:
            attempt.reserve_turn()  # in case this delivery is interrupted too
        owner = Shopper(shopper.external_id)
        before, change = self.find(owner), other.change or Change()
        if before and not change.fills and change.fits(before):
            other.finish(before.id)
            return
        if before is None and change.erases:
            other.finish(None)
            return
        try:
            customer = self._apply(other, owner, before, change)
        except (BadRequestError, ForbiddenError, NotFoundError):
            other.reserve_turn()  # it had no effect, and repeating it would not help
        else:
            other.finish(customer.id)

    def _apply(
        self, attempt: Attempt, shopper: Shopper, before: Customer | None, change: Change
    ) -> Customer:
        """Make the change unless it has been made, but leave fields that newer events have set."""
        rest = change.without(attempt.superseded)
        if before and rest.fills and rest.fits(before) and attempt.has_filled(before):
            return before
        return self._updater.apply(shopper, before, rest, is_whole=rest == change)

    def _refresh_token(self, shopper: Shopper, customer: Customer) -> None:
        """Drop the token; mint a new one if the customer is active, since others get none."""
        if customer.status == "ACTIVE":
            self._tokens.replace(shopper)
        else:
            self._tokens.forget(shopper)
