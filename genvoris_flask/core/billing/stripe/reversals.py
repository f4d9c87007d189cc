"""What takes a payment back: refunds and disputes, as Stripe's events say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from .payloads import Json, as_id

DisputeState = Literal["open", "won", "lost"]

# Of a dispute's status. An inquiry (“warning_…”) takes no money, and a prevented dispute became a
# refund: both count as none.
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
        payments: All ids that what it paid for may be known by.
        invoice: The invoice that it paid, when the event says so.
        is_refunded: Whether all of it was refunded.
        refunded: How much of it was refunded, in the currency's minor unit, as text for a log.
    """

    id: str
    intent: str | None
    payments: tuple[str, ...]
    invoice: str | None
    is_refunded: bool
    refunded: str

    @classmethod
    def read(cls, payload: Json) -> Charge:
        """Read a ``charge.refunded`` event's object; a refund in part leaves ``refunded`` false."""
        intent, charge = as_id(payload.get("payment_intent")), str(payload["id"])
        amounts = (payload.get("amount_refunded"), payload.get("amount"), payload.get("currency"))
        return cls(
            id=charge,
            intent=intent,
            payments=(intent, charge) if intent else (charge,),
            invoice=as_id(payload.get("invoice")),
            is_refunded=payload.get("refunded") is True,
            refunded="{} of {} {}".format(*amounts),
        )


@dataclass(frozen=True)
class Dispute:
    """A dispute. ``state`` is None when it takes nothing."""

    id: str
    intent: str | None
    payments: tuple[str, ...]
    state: DisputeState | None
    is_closed: bool

    @classmethod
    def read(cls, payload: Json) -> Dispute:
        """Read a ``charge.dispute.…`` event's object."""
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
    """What is known to have been taken back of a payment; in any order it adds up alike.

    Attributes:
        is_refunded: Whether all of it was refunded.
        part: How much of it was refunded, when that is not all.
        disputes: The latest state of each dispute: ``[time, whether it is closed, state]``.
    """

    is_refunded: bool = False
    part: str | None = None
    disputes: Mapping[str, tuple[int, bool, DisputeState | None]] = field(default_factory=dict)

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Reversal:
        """Read what ``dump`` wrote."""
        disputes = {name: tuple(each) for name, each in record["disputes"].items()}
        return cls(record["is_refunded"], record["part"], disputes)

    def dump(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    def and_also(self, other: Reversal) -> Reversal:
        """Return both together."""
        disputes = dict(self.disputes)
        for name, state in other.disputes.items():
            disputes[name] = max(disputes.get(name, state), state, key=lambda each: each[:2])
        return replace(
            self,
            is_refunded=self.is_refunded or other.is_refunded,
            part=other.part or self.part,
            disputes=disputes,
        )

    @property
    def is_lost(self) -> bool:
        """Whether the payment is gone."""
        return self.is_refunded or any(each[2] == "lost" for each in self.disputes.values())

    @property
    def is_disputed(self) -> bool:
        """Whether it is not known yet whose the payment will be."""
        return any(each[2] == "open" for each in self.disputes.values())
