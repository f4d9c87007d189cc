"""Orders and refunds that may go back to a try-on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..parsing import Json, as_text, need_text, pick

ConversionPlatform = Literal["shopify", "woocommerce", "custom"]


@dataclass(frozen=True)
class Conversion:
    """An order that Genvoris knows of.

    Attributes:
        id: Genvoris's id of it.
        attributed_from_try_on: Whether a try-on led to it.
        deduped: Whether Genvoris knew the order already, so that nothing was counted again.
    """

    id: str
    attributed_from_try_on: bool
    deduped: bool

    @classmethod
    def read(cls, payload: Json) -> Conversion:
        """Read the contract's answer to a conversion."""
        return cls(
            id=need_text(payload, "id", "a call for a conversion"),
            attributed_from_try_on=pick(payload, "attributed_from_try_on") is True,
            deduped=payload.get("deduped") is True,
        )


@dataclass(frozen=True)
class Return:
    """A refund of an order. ``conversion_event_id`` is None when Genvoris knew no such order."""

    id: str
    conversion_event_id: str | None

    @classmethod
    def read(cls, payload: Json) -> Return:
        """Read the contract's answer to a return."""
        return cls(
            id=need_text(payload, "id", "a call for a return"),
            conversion_event_id=as_text(pick(payload, "conversion_event_id")),
        )
