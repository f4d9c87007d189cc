"""Reads and applies GENVORIS_CREDITS: how many try-ons an order brings."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigurationError
from ..ledger.models import OrderLine

MAX_CREDITS = 10_000
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class OrderItem:
    """What a line of an order sells.

    Attributes:
        id: The line's id in the shop.
        quantity: How many of it.
        paid: What was paid for them, in the currency's minor unit.
        product_id: The shop's id of the product.
    """

    id: str
    quantity: int = 1
    paid: int | None = None
    product_id: str | None = None


@dataclass(frozen=True)
class Order:
    """A paid order, for the shop's own rule.

    Attributes:
        id: The shop's id.
        items: What it consists of.
        paid: What was paid for all of it, in the currency's minor unit.
        currency: The currency's ISO code.
        external_id: The shop's id of the shopper; None for a guest.
    """

    id: str
    items: tuple[OrderItem, ...] = ()
    paid: int | None = None
    currency: str | None = None
    external_id: str | None = None


# The shop's own rule: it returns how many try-ons an order brings.
CreditFunction = Callable[[Order], int]


@dataclass(frozen=True)
class CreditRule:
    """How many try-ons an order brings: one of these is set.

    Attributes:
        per_order: Try-ons for each order.
        per_item: Try-ons for each item.
        function: The shop's own rule.
    """

    per_order: int | None = None
    per_item: int | None = None
    function: CreditFunction | None = None

    def lines(self, order: Order) -> list[OrderLine]:
        """Return what an order brings, by its lines if each item brings something.

        Raises:
            TypeError: The shop's own rule returned no whole number.
        """
        if self.per_item is not None:
            return [
                OrderLine(item.id, self.per_item * item.quantity, item.paid)
                for item in order.items
                if item.quantity > 0
            ]
        count: object = self.function(order) if self.function else self.per_order
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(
                f"The function of GENVORIS_CREDITS must return a whole number, not {count!r}."
            )
        return [OrderLine("order", count, order.paid)] if count > 0 else []


def read_credits(key: str, value: Any) -> CreditRule:
    """Return a rule from a number for each order, a dict, or a function.

    Raises:
        ConfigurationError: The value is none of these.
    """
    if callable(value):
        return CreditRule(function=value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = {"per_order": value}
    check = functools.partial(_count, key)
    match value:
        case Mapping() if list(value) == ["per_order"]:
            return CreditRule(per_order=check(value["per_order"]))
        case Mapping() if list(value) == ["per_item"]:
            return CreditRule(per_item=check(value["per_item"]))
    raise ConfigurationError(
        f'{key} must be the number of try-ons that each order brings, {{"per_item": 1}} for each '
        "of its items, or a function that takes an Order and returns a number."
    )


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_CREDITS:
        raise ConfigurationError(f"{key} must be 1 to {MAX_CREDITS:,} try-ons, not {value!r}.")
    return value


def lines_of(
    rule: CreditRule | None,
    order: Order,
    lines: Sequence[OrderLine] | None,
    try_ons: int | None,
) -> list[OrderLine]:
    """Return what an order brings: what the caller says, else what the shop's rule says.

    Raises:
        TypeError: Both are given, or neither is known.
    """
    if lines is not None and try_ons is not None:
        raise TypeError("order_paid() needs either the lines of the order or its try_ons.")
    if lines is not None:
        return list(lines)
    if try_ons is not None:
        return [OrderLine("order", try_ons, order.paid)]
    if rule is None:
        raise TypeError(
            "order_paid() needs the lines of the order or its try_ons, unless GENVORIS_CREDITS "
            "says how many an order brings."
        )
    if rule.per_item is not None and not order.items:
        raise TypeError("order_paid() needs the items of the order, since GENVORIS_CREDITS counts.")
    return rule.lines(order)
