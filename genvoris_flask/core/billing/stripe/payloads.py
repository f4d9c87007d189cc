"""Reads what Stripe's events hold, in the shapes of its API versions before and since 2025-03-31.

Since that version (“basil”) an invoice names its subscription in ``parent``, its lines name their
prices in ``pricing``, and neither invoice nor charge names the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
State = Literal["active", "paused", "ended", "undecided"]
Outcome = Literal["applied", "ignored", "repeated"]

# Of a subscription's status (Stripe, "The Subscription object"). One that is past due is still
# being collected; an incomplete one was never paid, and waits for what comes next.
_STATES: Mapping[str, State] = {
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


@dataclass(frozen=True)
class Subscription:
    """A subscription.

    Attributes:
        id: Stripe's id.
        customer: Whose, by Stripe's id.
        external_id: Whose, by the shop's id, when its metadata says so.
        created: When it was made, in Unix seconds; 0 when that is not said.
        state: What its status means for the plan.
        prices: Those of its items, in their order.
        is_whole: Whether these are all of its items.
    """

    id: str
    customer: str | None
    external_id: str | None
    created: int
    state: State
    prices: tuple[str, ...]
    is_whole: bool

    @classmethod
    def read(cls, payload: Json) -> Subscription:
        """Read a ``customer.subscription.…`` event's object."""
        state = _STATES.get(str(payload.get("status")), "undecided")
        if state == "active" and payload.get("pause_collection"):
            state = "paused"
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=_text(_dict(payload.get("metadata")).get(EXTERNAL_ID)),
            created=_number(payload.get("created")),
            state=state,
            prices=tuple(prices_of(_items(payload.get("items")))),
            is_whole=_is_whole(payload.get("items")),
        )


@dataclass(frozen=True)
class Line:
    """A line of an invoice that is a subscription's period. ``until`` ends it, in Unix seconds."""

    price: str
    until: int


@dataclass(frozen=True)
class Invoice:
    """A paid invoice.

    Attributes:
        id: Stripe's id.
        customer: Whose, by Stripe's id.
        external_id: Whose, by the shop's id, when the subscription's metadata says so.
        subscription: The subscription that it is for, if it is for one.
        created: When it was made, in Unix seconds; 0 when that is not said.
        begins: Whether it is the subscription's first one.
        lines: Its periods.
        is_whole: Whether these are all of its lines.
        payments: The payment intents and charges that it names.
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

    @classmethod
    def read(cls, payload: Json) -> Invoice:
        """Read an ``invoice.paid`` event's object."""
        details = _dict(_dict(payload.get("parent")).get("subscription_details"))
        details = details or _dict(payload.get("subscription_details"))
        subscription = details.get("subscription") or payload.get("subscription")
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=_text(_dict(details.get("metadata")).get(EXTERNAL_ID)),
            subscription=as_id(subscription),
            created=_number(payload.get("created")),
            begins=payload.get("billing_reason") == "subscription_create",
            lines=tuple(lines_of(_items(payload.get("lines")))),
            is_whole=_is_whole(payload.get("lines")),
            payments=tuple(_payments(payload)),
        )


@dataclass(frozen=True)
class Checkout:
    """A completed Checkout Session.

    Attributes:
        id: Stripe's id.
        customer: Whose, by Stripe's id; None for a guest.
        external_id: Whose, by the shop's id.
        subscription: The subscription that it started, if it started one.
        is_paid: Whether it is paid for.
        is_one_off: Whether it is a single payment.
        price: What was bought, when its metadata says so.
        payments: The payment intent, if there is one.
    """

    id: str
    customer: str | None
    external_id: str | None
    subscription: str | None
    is_paid: bool
    is_one_off: bool
    price: str | None
    payments: tuple[str, ...]

    @classmethod
    def read(cls, payload: Json, *, metadata_only: bool = False) -> Checkout:
        """Read a ``checkout.session.…`` event's object.

        Args:
            payload: The object.
            metadata_only: Whether ``client_reference_id``, which buyers can set in the address of
                a Payment Link, says nothing.
        """
        metadata = _dict(payload.get("metadata"))
        intent = as_id(payload.get("payment_intent"))
        reference = None if metadata_only else payload.get("client_reference_id")
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=_text(metadata.get(EXTERNAL_ID)) or _text(reference),
            subscription=as_id(payload.get("subscription")),
            is_paid=payload.get("payment_status") in ("paid", "no_payment_required"),
            is_one_off=payload.get("mode") == "payment",
            price=_text(metadata.get(PRICE_ID)),
            payments=(intent,) if intent else (),
        )


def as_id(value: Any) -> str | None:
    """Return an object's id, whether it is there itself or by its id alone."""
    return _text(value.get("id") if isinstance(value, Mapping) else value)


def prices_of(items: Iterable[Json]) -> Iterator[str]:
    """Yield the prices of items, in their order."""
    for item in items:
        if price := _price(item):
            yield price


def lines_of(lines: Iterable[Json]) -> Iterator[Line]:
    """Yield those lines that are a subscription's period.

    A proration pays for a part of one, and an invoice item is something beside it.
    """
    for line in lines:
        parent = _dict(line.get("parent"))
        details = _dict(parent.get("subscription_item_details"))
        is_item = bool(parent.get("invoice_item_details")) or line.get("type") == "invoiceitem"
        price, until = _price(line), _dict(line.get("period")).get("end")
        is_proration = line.get("proration") or details.get("proration")
        if price and isinstance(until, int) and not is_item and not is_proration:
            yield Line(price, until)


def _price(item: Json) -> str | None:
    """Return the price of an item or a line: as it is since basil, before, or as a plan."""
    pricing = _dict(_dict(item.get("pricing")).get("price_details")).get("price")
    return as_id(pricing) or as_id(item.get("price")) or as_id(item.get("plan"))


def _payments(payload: Json) -> Iterator[str]:
    named = [payload, *(_dict(each.get("payment")) for each in _items(payload.get("payments")))]
    for each in named:
        for field in ("payment_intent", "charge"):
            if found := as_id(each.get(field)):
                yield found


def _items(value: Any) -> list[Json]:
    data = _dict(value).get("data")
    return [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []


def _is_whole(value: Any) -> bool:
    return not _dict(value).get("has_more")


def _dict(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
