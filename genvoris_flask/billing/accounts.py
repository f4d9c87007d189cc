"""Changes the accounts of shoppers at Genvoris, each by one event of the billing system, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from ..api.client import GenvorisClient
from ..api.models import Customer
from ..errors import ApiError, NotFoundError
from ..sessions.shopper import Shopper
from ..store.interface import Store
from .once import Attempt, OnceLedger, checked_event_id

Linked = Callable[[Shopper, str], None]
ChoosePlan = Callable[[Customer | None], str | None]


class Tokens(Protocol):
    """What keeps shoppers' tokens."""

    def external_id(self, shopper: Shopper) -> str:
        """Give the shop's id as Genvoris knows it."""

    def customer_id(self, shopper: Shopper) -> str:
        """Give the best id to ask Genvoris about this shopper with."""

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
        self._client = client
        self._tokens = tokens
        self._linked = linked
        self._ledger = OnceLedger(store)

    def fill(
        self,
        call: str,
        shopper: Shopper,
        plan_id: str | None,
        event_id: str | None,
        *,
        anew: bool,
    ) -> Customer:
        """Begin a period with a full quota.

        Args:
            call: What the event asked for, since one event may ask for several things.
            shopper: Whose; their email is sent when they have one.
            plan_id: Of which plan; None keeps theirs.
            event_id: By which event.
            anew: Whether it is a sale, which registers shoppers and ends pauses.
        """
        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            if attempt.done_for:
                customer = self._client.customers.get(attempt.done_for)
            else:
                customer = self._fill(attempt, shopper, plan_id, anew)
                if event_id is not None:  # before it is done, so that a repeat makes up for it
                    self._ledger.note_last(shopper.external_id, event_id)
            attempt.finish(customer)  # again for a repeat: it is kept from the last delivery on
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
        only_after: str | None = None,
        **fields: Any,
    ) -> Customer:
        """Change fields of the shopper, without touching what they have used.

        Args:
            call: What the event asked for.
            shopper: Whose.
            event_id: By which event.
            only_after: Do nothing when another event than this one filled the quota last.
            fields: As the REST client's ``customers.update`` takes them.
        """
        if only_after is not None:
            checked_event_id("sale_id", only_after)
        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            customer_id = attempt.done_for or self._tokens.customer_id(shopper)
            late = only_after and not self._ledger.was_last(shopper.external_id, only_after)
            if attempt.done_for or late:
                customer = self._client.customers.get(customer_id)
            else:
                customer = self._client.customers.update(customer_id, **fields)
            attempt.finish(customer)
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
        """Give the shopper a plan of another size, without touching what they have used.

        Args:
            call: What the event asked for.
            shopper: Whose.
            event_id: By which event.
            choose: Gives the plan's id from how the shopper stands; asked once for an event.
            is_sale: Whether it registers shoppers and ends pauses.
        """
        with self._ledger.attempt(call, shopper.external_id, event_id) as attempt:
            if attempt.done_for:
                customer = self._client.customers.get(attempt.done_for)
            else:
                customer = self._resize(attempt, shopper, choose, is_sale)
            attempt.finish(customer)
        self._renew_token(shopper, customer)
        self._linked(shopper, customer.id)
        return customer

    def find(self, shopper: Shopper) -> Customer | None:
        """Give the shopper as Genvoris knows them, if it does."""
        try:
            return self._client.customers.get(self._tokens.customer_id(shopper))
        except NotFoundError:
            return None

    def _fill(
        self, attempt: Attempt, shopper: Shopper, plan_id: str | None, anew: bool
    ) -> Customer:
        before = self.find(shopper)
        keeps_plan = before is not None and plan_id in (None, before.plan_id)
        if attempt.has_started:
            if before and keeps_plan and before.status == "ACTIVE" and attempt.has_filled(before):
                return before
        else:
            attempt.start(before, plan_id)
        with _given_up_when_refused(attempt):
            if anew or not (keeps_plan or plan_id is None):
                return self._register(shopper, plan_id)
            return self._roll(before.id if before else self._tokens.customer_id(shopper))

    def _resize(
        self, attempt: Attempt, shopper: Shopper, choose: ChoosePlan, is_sale: bool
    ) -> Customer:
        before = self.find(shopper)
        if not attempt.has_started or attempt.has_diverged(before):
            if other := attempt.unfinished():
                # Whether that one was done or not: doing it now makes it so, and we go on from it.
                before = self._give_plan(other, shopper, before, is_sale)
                other.finish(before)
            # Noted before it is done: a repeat must not add to what was added already.
            attempt.start(before, choose(before))
            attempt.hold_open()
        return self._give_plan(attempt, shopper, before, is_sale)

    def _give_plan(
        self, attempt: Attempt, shopper: Shopper, before: Customer | None, is_sale: bool
    ) -> Customer:
        with _given_up_when_refused(attempt):
            if before is None and is_sale:
                return self._register(shopper, attempt.plan_id)
            customer_id = before.id if before else self._tokens.customer_id(shopper)
            status: dict[str, Any] = {"status": "ACTIVE"} if is_sale else {}
            return self._client.customers.update(customer_id, plan_id=attempt.plan_id, **status)

    def _renew_token(self, shopper: Shopper, customer: Customer) -> None:
        """Drop the token; Genvoris gives a new one to the active alone."""
        if customer.status == "ACTIVE":
            self._tokens.replace(shopper)
        else:
            self._tokens.forget(shopper)

    def _register(self, shopper: Shopper, plan_id: str | None) -> Customer:
        """Register or renew, as quickstart step 3 says."""
        customer = self._client.customers.upsert(
            external_id=self._tokens.external_id(shopper), email=shopper.email, plan_id=plan_id
        )
        if customer.status == "ACTIVE":
            return customer
        return self._client.customers.update(customer.id, status="ACTIVE")

    def _roll(self, customer_id: str) -> Customer:
        """Begin a period without naming the plan, which may not be sold to others any more."""
        return self._client.customers.update(customer_id, status="ACTIVE", reset_period=True)


@contextmanager
def _given_up_when_refused(attempt: Attempt) -> Iterator[None]:
    """Forget an attempt that Genvoris refused, so that the next one compares anew."""
    try:
        yield
    except ApiError as error:
        if error.status < 500:
            attempt.give_up()
        raise
