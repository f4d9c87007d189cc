"""Parses the objects of Stripe's events, of API versions before and since 2025-03-31.

Since that version (“basil”) an invoice names its subscription in ``parent``, its lines name their
prices in ``pricing``, and neither invoice nor charge names the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .fields import (
    Json,
    as_count,
    as_dict,
    as_id,
    as_items,
    as_number,
    as_text,
    currency_of,
    is_whole,
)

SubscriptionState = Literal["active", "paused", "ended", "undecided"]
Outcome = Literal["applied", "ignored", "repeated"]

# By a subscription's status (see "The Subscription object" in Stripe's API reference). Payment is
# still being collected for one that is past due. An incomplete one was never paid.
_STATES: Mapping[str, SubscriptionState] = {
    "active": "active",
    "trialing": "active",
    "past_due": "active",
    "paused": "paused",
    "unpaid": "paused",
    "canceled": "ended",
    "incomplete_expired": "ended",
}
EXTERNAL_ID = "genvoris_external_id"
PRICE_ID = "genvoris_price_id"
TRY_ONS = "genvoris_try_ons"


@dataclass(frozen=True)
class Item:
    """What a subscription or an invoice's line sells: a price, and how many of it."""

    price: str
    quantity: int = 1


@dataclass(frozen=True)
class Subscription:
    """A subscription.

    Attributes:
        id: Stripe's id.
        customer: Stripe's id of its owner.
        external_id: The shop's id of its owner, if the metadata contains it.
        created: When it was created, in Unix seconds; 0 if the event does not contain that.
        state: What its status means for the plan.
        items: What it sells, in the order of its items.
        is_whole: Whether the event contains all of its items.
        trial: When its trial starts and ends, in Unix seconds, if it has one.
        is_overdue: Whether the payment of its current period has failed so far.
    """

    id: str
    customer: str | None
    external_id: str | None
    created: int
    state: SubscriptionState
    items: tuple[Item, ...]
    is_whole: bool
    trial: tuple[int, int] | None
    is_overdue: bool

    @classmethod
    def read(cls, payload: Json) -> Subscription:
        """Parse the object of a ``customer.subscription.…`` event."""
        state = _STATES.get(str(payload.get("status")), "undecided")
        if state == "active" and payload.get("pause_collection"):
            state = "paused"
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=as_text(as_dict(payload.get("metadata")).get(EXTERNAL_ID)),
            created=as_number(payload.get("created")),
            state=state,
            items=tuple(items_of(as_items(payload.get("items")))),
            is_whole=is_whole(payload.get("items")),
            trial=_trial(payload),
            is_overdue=payload.get("status") == "past_due",
        )

    @property
    def prices(self) -> tuple[str, ...]:
        """The prices of its items, in their order."""
        return tuple(item.price for item in self.items)


@dataclass(frozen=True)
class Line:
    """An invoice's line for a subscription period.

    Attributes:
        price: The price.
        until: When the period ends, in Unix seconds.
        since: When it starts.
        quantity: How many of the price.
    """

    price: str
    until: int
    since: int = 0
    quantity: int = 1


@dataclass(frozen=True)
class Invoice:
    """A paid invoice.

    Attributes:
        id: Stripe's id.
        customer: Stripe's id of its owner.
        external_id: The shop's id of its owner, if the subscription's metadata contains it.
        subscription: The subscription that it is for, if it is for one.
        created: When it was created, in Unix seconds; 0 if the event does not contain that.
        begins: Whether it is the subscription's first one.
        lines: Its lines for subscription periods.
        is_whole: Whether the event contains all of its lines.
        payments: The payment intents and charges that it contains.
        paid: The amount that was paid, in the currency's minor unit.
        currency: The currency's ISO code.
    """

    id: str
    customer: str | None
    external_id: str | None
    subscription: str | None
    created: int
    begins: bool
    lines: tuple[Line, ...]
    is_whole: bool
    payments: tuple[str, ...]
    paid: int
    currency: str | None

    @classmethod
    def read(cls, payload: Json) -> Invoice:
        """Parse the object of an ``invoice.paid`` event."""
        details = as_dict(as_dict(payload.get("parent")).get("subscription_details"))
        details = details or as_dict(payload.get("subscription_details"))
        subscription = details.get("subscription") or payload.get("subscription")
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=as_text(as_dict(details.get("metadata")).get(EXTERNAL_ID)),
            subscription=as_id(subscription),
            created=as_number(payload.get("created")),
            begins=payload.get("billing_reason") == "subscription_create",
            lines=tuple(lines_of(as_items(payload.get("lines")))),
            is_whole=is_whole(payload.get("lines")),
            payments=tuple(_payments(payload)),
            paid=as_number(payload.get("amount_paid")),
            currency=currency_of(payload),
        )


@dataclass(frozen=True)
class Checkout:
    """A completed Checkout Session.

    Attributes:
        id: Stripe's id.
        customer: Stripe's id of the buyer; None for a guest.
        external_id: The shop's id of the buyer.
        subscription: The subscription that it started, if it started one.
        is_paid: Whether it is paid for.
        is_one_off: Whether it is a single payment.
        price: The price that was bought, if the metadata contains it.
        payments: The payment intent, if there is one.
        try_ons: How many single try-ons were bought, if the metadata contains that.
        paid: What was paid, in the currency's minor unit.
        currency: The currency's ISO code.
    """

    id: str
    customer: str | None
    external_id: str | None
    subscription: str | None
    is_paid: bool
    is_one_off: bool
    price: str | None
    payments: tuple[str, ...]
    try_ons: int | None = None
    paid: int = 0
    currency: str | None = None

    @classmethod
    def read(cls, payload: Json, *, metadata_only: bool = False) -> Checkout:
        """Parse the object of a ``checkout.session.…`` event.

        Args:
            payload: The object.
            metadata_only: Whether to ignore ``client_reference_id``, which buyers can set in the
                URL of a Payment Link.
        """
        metadata = as_dict(payload.get("metadata"))
        intent = as_id(payload.get("payment_intent"))
        reference = None if metadata_only else payload.get("client_reference_id")
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=as_text(metadata.get(EXTERNAL_ID)) or as_text(reference),
            subscription=as_id(payload.get("subscription")),
            is_paid=payload.get("payment_status") in ("paid", "no_payment_required"),
            is_one_off=payload.get("mode") == "payment",
            price=as_text(metadata.get(PRICE_ID)),
            payments=(intent,) if intent else (),
            try_ons=as_count(metadata.get(TRY_ONS)),
            paid=as_number(payload.get("amount_total")),
            currency=currency_of(payload),
        )

    @classmethod
    def of_intent(cls, payload: Json) -> Checkout:
        """Parse the object of ``payment_intent.succeeded``: a payment, whatever form it came by."""
        metadata = as_dict(payload.get("metadata"))
        intent = str(payload["id"])
        return cls(
            id=intent,
            customer=as_id(payload.get("customer")),
            external_id=as_text(metadata.get(EXTERNAL_ID)),
            subscription=None,
            is_paid=True,
            is_one_off=True,
            price=None,
            payments=(intent,),
            try_ons=as_count(metadata.get(TRY_ONS)),
            paid=as_number(payload.get("amount_received")),
            currency=currency_of(payload),
        )


def items_of(items: Iterable[Json]) -> Iterator[Item]:
    """Yield what items sell, in their order."""
    for item in items:
        if price := _price(item):
            yield Item(price, _quantity(item))


def lines_of(lines: Iterable[Json]) -> Iterator[Line]:
    """Yield the lines for whole subscription periods.

    Prorations pay for a part of a period, and invoice items for something else.
    """
    for line in lines:
        parent = as_dict(line.get("parent"))
        details = as_dict(parent.get("subscription_item_details"))
        is_item = bool(parent.get("invoice_item_details")) or line.get("type") == "invoiceitem"
        price, period = _price(line), as_dict(line.get("period"))
        until = period.get("end")
        is_proration = line.get("proration") or details.get("proration")
        if price and isinstance(until, int) and not is_item and not is_proration:
            yield Line(price, until, as_number(period.get("start")), _quantity(line))


def _price(item: Json) -> str | None:
    """Return the price of an item or a line: since 2025-03-31, before that, or of a plan."""
    pricing = as_dict(as_dict(item.get("pricing")).get("price_details")).get("price")
    return as_id(pricing) or as_id(item.get("price")) or as_id(item.get("plan"))


def _quantity(item: Json) -> int:
    """Return how many of a price are sold; a metered one has no quantity."""
    quantity = item.get("quantity")
    return quantity if isinstance(quantity, int) and quantity >= 0 else 1


def _trial(payload: Json) -> tuple[int, int] | None:
    start, end = payload.get("trial_start"), payload.get("trial_end")
    return (start, end) if isinstance(start, int) and isinstance(end, int) else None


def _payments(payload: Json) -> Iterator[str]:
    named = [payload, *(as_dict(each.get("payment")) for each in as_items(payload.get("payments")))]
    for each in named:
        for field in ("payment_intent", "charge"):
            if found := as_id(each.get(field)):
                yield found
