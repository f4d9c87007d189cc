"""Reads and validates GENVORIS_PLANS, the plans that a shop declares."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ConfigurationError
from .. import validators

FIELDS = ("name", "monthly_try_ons", "external_price_id")
PRICE_IDS = "price_ids"
MAX_NAME_LENGTH = 80
MAX_TRY_ONS = 1_000_000


@dataclass(frozen=True)
class DeclaredPlan:
    """A plan as the shop declares it (``POST /plans`` in docs/genvoris-api.md).

    Attributes:
        name: 1 to 80 characters, unique among the plans.
        monthly_try_ons: 1 to 1,000,000.
        external_price_id: The price's id in the shop's billing system, unique among the plans.
        price_ids: Further prices that the plan is sold at, such as one for a whole year.
        own: Keys of the shop's own, such as the plan's price; they are not sent to Genvoris.
    """

    name: str
    monthly_try_ons: int
    external_price_id: str | None = None
    price_ids: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def prices(self) -> tuple[str, ...]:
        """All prices that the plan is sold at."""
        first = (self.external_price_id,) if self.external_price_id else ()
        return (*first, *self.price_ids)

    def as_payload(self) -> dict[str, Any]:
        """Return the fields that are sent to Genvoris."""
        return {name: getattr(self, name) for name in FIELDS}


def declared_plans(key: str, value: Any) -> tuple[DeclaredPlan, ...]:
    """Parse a list of plans, each a dict with the fields of DeclaredPlan and keys of the shop's.

    Args:
        key: The setting's name, for error messages.
        value: The setting's value.

    Raises:
        ConfigurationError: The value is not such a list, is empty, or has duplicates.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(
            f"{key} must be a list of plans, such as "
            '[{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "price_1NXXXX"}].'
        )
    plans = tuple(_read(f"{key}[{number}]", each) for number, each in enumerate(value))
    if not plans:
        raise ConfigurationError(f"{key} is empty: leave it unset to declare no plans.")
    _reject_duplicates(key, "name", [plan.name for plan in plans])
    prices = [price for plan in plans for price in plan.prices]
    _reject_duplicates(key, "external_price_id", [*prices])
    return plans


def _read(where: str, value: Any) -> DeclaredPlan:
    if isinstance(value, DeclaredPlan):
        value = {**value.own, **value.as_payload(), PRICE_IDS: value.price_ids}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where} must be a dict with name and monthly_try_ons.")
    _reject_misspelled_keys(where, value)
    name = validators.text(f"{where}.name", value.get("name"))
    if len(name) > MAX_NAME_LENGTH:
        raise ConfigurationError(f"{where}.name must be at most {MAX_NAME_LENGTH} characters.")
    price = value.get("external_price_id")
    further = _price_ids(f"{where}.{PRICE_IDS}", value.get(PRICE_IDS))
    if price is None and further:
        price, *further = further
    return DeclaredPlan(
        name,
        validators.number(1, MAX_TRY_ONS, "try-ons", int)(
            f"{where}.monthly_try_ons", value.get("monthly_try_ons")
        ),
        None if price is None else validators.text(f"{where}.external_price_id", price),
        tuple(further),
        {own: value[own] for own in value if own not in (*FIELDS, PRICE_IDS)},
    )


def _price_ids(where: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(f"{where} must be a list of ids of prices.")
    return [validators.text(f"{where}[{number}]", each) for number, each in enumerate(value)]


def _reject_misspelled_keys(where: str, value: Mapping[Any, Any]) -> None:
    """Reject a key that looks like a missing field; any other key is the shop's own."""
    missing = {_normalize(name): name for name in FIELDS if name not in value}
    for own in value:
        normalized = _normalize(own)
        near = difflib.get_close_matches(normalized, missing, n=1, cutoff=0.85)
        if normalized.endswith("priceid") and "externalpriceid" in missing:
            near = ["externalpriceid"]
        if own not in (*FIELDS, PRICE_IDS) and near:
            raise ConfigurationError(f"{where} has a key {own!r}: did you mean {missing[near[0]]}?")


def _normalize(name: object) -> str:
    return str(name).replace("_", "").lower()


def _reject_duplicates(key: str, field: str, values: list[str | None]) -> None:
    for value, count in Counter(value for value in values if value is not None).items():
        if count > 1:
            raise ConfigurationError(f"{key} has {count} plans with the {field} {value!r}.")
