"""The plans that a shop declares in GENVORIS_PLANS, checked."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ConfigurationError
from .. import validators as checks

FIELDS = ("name", "monthly_try_ons", "external_price_id")
LONGEST_NAME = 80
MOST_TRY_ONS = 1_000_000


@dataclass(frozen=True)
class DeclaredPlan:
    """A plan as the shop wants it (contract, POST /plans).

    Attributes:
        name: 1 to 80 characters, no two plans the same.
        monthly_try_ons: 1 to 1,000,000.
        external_price_id: The price's id in the shop's billing system, no two plans the same.
        own: What else the shop notes of the plan, such as its price; Genvoris is not told.
    """

    name: str
    monthly_try_ons: int
    external_price_id: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def as_told(self) -> dict[str, Any]:
        """Return the fields that Genvoris is told."""
        return {name: getattr(self, name) for name in FIELDS}


def declared_plans(key: str, value: Any) -> tuple[DeclaredPlan, ...]:
    """Read a list of plans, each a dict with the fields of DeclaredPlan and the shop's own.

    Raises:
        ConfigurationError: It is something else, is empty, or holds two of the same.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(
            f"{key} must be a list of plans, such as "
            '[{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "price_1NXXXX"}].'
        )
    plans = tuple(_read(f"{key}[{number}]", each) for number, each in enumerate(value))
    if not plans:
        raise ConfigurationError(f"{key} is empty: leave it unset to declare no plans.")
    _refuse_twins(key, "name", [plan.name for plan in plans])
    _refuse_twins(key, "external_price_id", [plan.external_price_id for plan in plans])
    return plans


def _read(place: str, value: Any) -> DeclaredPlan:
    if isinstance(value, DeclaredPlan):
        value = {**value.own, **value.as_told()}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{place} must be a dict with name and monthly_try_ons.")
    _refuse_slips(place, value)
    name = checks.text(f"{place}.name", value.get("name"))
    if len(name) > LONGEST_NAME:
        raise ConfigurationError(f"{place}.name must be at most {LONGEST_NAME} characters.")
    price = value.get("external_price_id")
    return DeclaredPlan(
        name,
        checks.number(1, MOST_TRY_ONS, "try-ons", int)(
            f"{place}.monthly_try_ons", value.get("monthly_try_ons")
        ),
        None if price is None else checks.text(f"{place}.external_price_id", price),
        {own: value[own] for own in value if own not in FIELDS},
    )


def _refuse_slips(place: str, value: Mapping[Any, Any]) -> None:
    """Refuse a key that looks like one of ours where ours is missing; others are the shop's."""
    missing = {_bare(name): name for name in FIELDS if name not in value}
    for own in value:
        bare = _bare(own)
        near = difflib.get_close_matches(bare, missing, n=1, cutoff=0.85)
        if bare.endswith("priceid") and "externalpriceid" in missing:
            near = ["externalpriceid"]
        if own not in FIELDS and near:
            raise ConfigurationError(f"{place} has a key {own!r}: did you mean {missing[near[0]]}?")


def _bare(name: object) -> str:
    return str(name).replace("_", "").lower()


def _refuse_twins(key: str, field: str, values: list[str | None]) -> None:
    for value, count in Counter(value for value in values if value is not None).items():
        if count > 1:
            raise ConfigurationError(f"{key} has {count} plans with the {field} {value!r}.")
