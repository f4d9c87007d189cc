"""Reversals of payments: refunds and disputes, as Stripe's events describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from .fields import Json, as_id, as_number, currency_of

DisputeState = Literal["open", "won", "lost"]
# Of a charge: what was refunded in sum, what was paid, and the currency.
Share = tuple[int, int, str | None]

# By a dispute's status. Inquiries (“warning_…”) take no money, and prevented disputes have become
# refunds, so both count as no dispute.
_DISPUTES: Mapping[str, DisputeState] = {
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
}


@dataclass(frozen=True)
class Charge:
    """A refunded charge.

    Attributes:
        id: Stripe's id.
        intent: Its payment intent.
        payments: The ids by which it may have been recorded.
        invoice: The invoice that it paid, if the event contains it.
        is_refunded: Whether all of it was refunded.
        refunded: The refunded amount, in the currency's minor unit, as text for the log.
        share: The refunded amount, the whole amount and the currency.
    """

    id: str
    intent: str | None
    payments: tuple[str, ...]
    invoice: str | None
    is_refunded: bool
    refunded: str
    share: Share

    @classmethod
    def read(cls, payload: Json) -> Charge:
        """Parse the object of a ``charge.refunded`` event."""
        intent, charge = as_id(payload.get("payment_intent")), str(payload["id"])
        currency = currency_of(payload)
        amounts = (payload.get("amount_refunded"), payload.get("amount"), payload.get("currency"))
        return cls(
            id=charge,
            intent=intent,
            payments=(intent, charge) if intent else (charge,),
            invoice=as_id(payload.get("invoice")),
            is_refunded=payload.get("refunded") is True,  # not for partial refunds
            refunded="{} of {} {}".format(*amounts),
            share=(as_number(amounts[0]), as_number(amounts[1]), currency),
        )


@dataclass(frozen=True)
class Dispute:
    """A dispute. ``state`` is None if it takes no money."""

    id: str
    intent: str | None
    payments: tuple[str, ...]
    state: DisputeState | None
    is_closed: bool

    @classmethod
    def read(cls, payload: Json) -> Dispute:
        """Parse the object of a ``charge.dispute.…`` event."""
        intent, charge = as_id(payload.get("payment_intent")), as_id(payload.get("charge"))
        state = _DISPUTES.get(str(payload.get("status")))
        return cls(
            id=str(payload["id"]),
            intent=intent,
            payments=tuple(each for each in (intent, charge) if each),
            state=state,
            is_closed=state in ("won", "lost"),
        )


@dataclass(frozen=True)
class Reversal:
    """What is known of a payment's reversal. Merging is independent of order.

    Attributes:
        is_refunded: Whether all of it was refunded.
        part: The refunded amount, if that is not all of it.
        disputes: The latest state of each dispute: its time, whether it is closed, and the state.
        shares: By charge, how much of it was refunded.
    """

    is_refunded: bool = False
    part: str | None = None
    disputes: Mapping[str, tuple[int, bool, DisputeState | None]] = field(default_factory=dict)
    shares: Mapping[str, Share] = field(default_factory=dict)

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Reversal:
        """Return what ``dump`` wrote."""
        disputes = {name: tuple(each) for name, each in record["disputes"].items()}
        shares = {name: tuple(each) for name, each in record.get("shares", {}).items()}
        return cls(record["is_refunded"], record["part"], disputes, shares)

    def dump(self) -> dict[str, Any]:
        """Return the reversal as JSON can represent it."""
        return asdict(self)

    def merged_with(self, other: Reversal) -> Reversal:
        """Return a reversal that covers both."""
        disputes = dict(self.disputes)
        for name, state in other.disputes.items():
            disputes[name] = max(disputes.get(name, state), state, key=lambda each: each[:2])
        shares = dict(self.shares)
        for name, share in other.shares.items():
            shares[name] = max(shares.get(name, share), share, key=lambda each: each[0])
        return replace(
            self,
            is_refunded=self.is_refunded or other.is_refunded,
            part=other.part or self.part,
            disputes=disputes,
            shares=shares,
        )

    @property
    def is_lost(self) -> bool:
        """Whether the payment was returned to the buyer."""
        return self.is_refunded or any(each[2] == "lost" for each in self.disputes.values())

    @property
    def dispute(self) -> DisputeState | None:
        """What all disputes together come to."""
        states = {each[2] for each in self.disputes.values()}
        order: tuple[DisputeState, ...] = ("lost", "open", "won")
        return next((state for state in order if state in states), None)

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute about the payment is open."""
        return any(each[2] == "open" for each in self.disputes.values())
