"""Reads what Stripe's events hold, in the shapes of its API versions before and since 2025-03-31.

Since that version (“basil”) an invoice names its subscription in ``parent``, its lines name their
prices in ``pricing``, and neither invoice nor charge names the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
State = Literal["active", "paused", "ended", "undecided"]
Outcome = Literal["applied", "ignored", "repeated"]

# Of a subscription's status (Stripe, "The Subscription object"). One that is past due is still
# being collected, and an incomplete one was never paid: both wait for what comes next.
_STATES: Mapping[str, State] = {
    "active": "active",
    "trialing": "active",
    "paused": "paused",
    "unpaid": "paused",
    "canceled": "ended",
    "incomplete_expired": "ended",
}
EXTERNAL_ID = "genvoris_external_id"
PRICE_ID = "genvoris_price_id"


@dataclass(frozen=True)
class Subscription:
    """A subscription. ``prices`` are those of its items, in their order."""

    id: str
    customer: str | None
    external_id: str | None
    state: State
    prices: tuple[str, ...]

    @classmethod
    def read(cls, payload: Json) -> Subscription:
        """Read a ``customer.subscription.…`` event's object."""
        state = _STATES.get(str(payload.get("status")), "undecided")
        if state == "active" and payload.get("pause_collection"):
            state = "paused"
        items = [_price(item) for item in _items(payload.get("items"))]
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=_text(_dict(payload.get("metadata")).get(EXTERNAL_ID)),
            state=state,
            prices=tuple(price for price in items if price),
        )


@dataclass(frozen=True)
class Line:
    """A line of an invoice that is no proration. ``until`` ends its period, in Unix seconds."""

    price: str
    until: int


@dataclass(frozen=True)
class Invoice:
    """A paid invoice. ``payments`` are the payment intents and charges that it names."""

    id: str
    customer: str | None
    external_id: str | None
    subscription: str | None
    begins: bool
    lines: tuple[Line, ...]
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
            begins=payload.get("billing_reason") == "subscription_create",
            lines=tuple(_lines(payload)),
            payments=tuple(_payments(payload)),
        )


@dataclass(frozen=True)
class Checkout:
    """A completed Checkout Session."""

    id: str
    customer: str | None
    external_id: str | None
    subscription: str | None
    is_paid: bool
    is_one_off: bool
    price: str | None
    payments: tuple[str, ...]

    @classmethod
    def read(cls, payload: Json) -> Checkout:
        """Read a ``checkout.session.…`` event's object."""
        metadata = _dict(payload.get("metadata"))
        intent = as_id(payload.get("payment_intent"))
        reference = metadata.get(EXTERNAL_ID) or payload.get("client_reference_id")
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            external_id=_text(reference),
            subscription=as_id(payload.get("subscription")),
            is_paid=payload.get("payment_status") in ("paid", "no_payment_required"),
            is_one_off=payload.get("mode") == "payment",
            price=_text(metadata.get(PRICE_ID)),
            payments=(intent,) if intent else (),
        )


@dataclass(frozen=True)
class Charge:
    """A charge. ``payments`` are all ids that what it paid for may be known by."""

    id: str
    customer: str | None
    intent: str | None
    is_refunded: bool
    payments: tuple[str, ...]

    @classmethod
    def read(cls, payload: Json) -> Charge:
        """Read a ``charge.refunded`` event's object; a refund in part leaves ``refunded`` false."""
        intent = as_id(payload.get("payment_intent"))
        ids = (intent, str(payload["id"]), as_id(payload.get("invoice")))
        return cls(
            id=str(payload["id"]),
            customer=as_id(payload.get("customer")),
            intent=intent,
            is_refunded=payload.get("refunded") is True,
            payments=tuple(each for each in ids if each),
        )


def as_id(value: Any) -> str | None:
    """Give an object's id, whether it is there itself or by its id alone."""
    return _text(value.get("id") if isinstance(value, Mapping) else value)


def _lines(payload: Json) -> Iterator[Line]:
    for line in _items(payload.get("lines")):
        details = _dict(_dict(line.get("parent")).get("subscription_item_details"))
        price = _price(line)
        until = _dict(line.get("period")).get("end")
        if (
            price
            and isinstance(until, int)
            and not (line.get("proration") or details.get("proration"))
        ):
            yield Line(price, until)


def _price(item: Json) -> str | None:
    """Give the price of an item or a line: as it is since basil, before, or as a plan."""
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


def _dict(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
