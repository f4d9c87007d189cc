"""The ways to charge: which there are, and what each needs at start-up."""

from __future__ import annotations

from typing import Any

import pytest

from genvoris_flask.core.charging.packs import Pack
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import Settings, read_settings

PLANS = [{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "price_pro"}]
PACKS = [{"try_ons": 1, "price": "0.99 €"}]
LEDGER = {"GENVORIS_DATABASE_URL": "sqlite://"}


def read(charging: Any, **config: Any) -> Settings:
    return read_settings(
        {"GENVORIS_API_KEY": "gvk_test_1", "GENVORIS_CHARGING": charging, **config}, environ={}
    )


@pytest.mark.parametrize(
    ("charging", "config"),
    [
        ("free", {"GENVORIS_ALLOW_GUESTS": True}),
        ("free", LEDGER),
        ("subscription", {"GENVORIS_PLANS": PLANS}),
        ("credits", LEDGER),
        ("pay_per_use", {**LEDGER, "GENVORIS_PACKS": PACKS}),
        ("freemium", {"GENVORIS_DEFAULT_PLAN": "pln_free"}),
        ("freemium", {**LEDGER, "GENVORIS_FREE_TRYONS": 3}),
    ],
)
def test_ways(charging: str, config: dict[str, Any]) -> None:
    """Each way works with what it needs."""
    assert read(charging, **config).charging == (charging,)


def test_several_ways() -> None:
    """Ways are joined by commas or in a list, in any order."""
    config = {**LEDGER, "GENVORIS_FREE_TRYONS": 3}
    assert read("freemium, credits", **config).charging == ("credits", "freemium")
    assert read(["credits", "freemium"], **config).charging == ("credits", "freemium")


def test_default() -> None:
    """Without the setting there are no ways, and nothing changes."""
    assert read(None).charging == ()


@pytest.mark.parametrize(
    ("charging", "config", "message"),
    [
        ("credit", {}, "must be one or several of free, subscription, credits"),
        (",", {}, "must be one or several of"),
        (7, {}, "must be one or several of"),
        ("free", {}, "GENVORIS_ALLOW_GUESTS or GENVORIS_DEFAULT_PLAN"),
        ("subscription", {}, "no plan of GENVORIS_PLANS has an external_price_id"),
        ("credits", {}, "credits, which needs a ledger.*GENVORIS_DATABASE_URL"),
        ("pay_per_use", {"GENVORIS_PACKS": PACKS}, "pay_per_use, which needs a ledger"),
        ("pay_per_use", LEDGER, "nothing has a price: set GENVORIS_PACKS"),
        ("freemium", LEDGER, "GENVORIS_FREE_TRYONS"),
        ("freemium", {}, "GENVORIS_DEFAULT_PLAN"),
        ("freemium,credits", {"GENVORIS_DEFAULT_PLAN": "pln_1"}, "credits, which needs a ledger"),
    ],
)
def test_missing_means(charging: Any, config: dict[str, Any], message: str) -> None:
    """A way that lacks something stops start-up, and the error says what to set."""
    with pytest.raises(ConfigurationError, match=message):
        read(charging, **config)


def test_packs_from_environment() -> None:
    """Packs may be JSON."""
    environ = {"GENVORIS_PACKS": '[{"try_ons": 5, "price": "3.99 €", "title": "Five"}]'}
    settings = read_settings({"GENVORIS_API_KEY": "gvk_test_1"}, environ)
    assert settings.packs == (Pack(5, "3.99 €", "Five"),)


@pytest.mark.parametrize(
    ("packs", "message"),
    [
        ({"try_ons": 1}, "must be a list of packs"),
        ("five", "must be a list of packs"),
        ([], "is empty"),
        ([3], "must be a dict"),
        ([{"price": "1 €"}], "try_ons must be a whole number"),
        ([{"try_ons": True, "price": "1 €"}], "try_ons must be a whole number"),
        ([{"try_ons": 0, "price": "1 €"}], "try_ons must be 1 to 10,000"),
        ([{"try_ons": 1}], "needs a price"),
        ([{"try_ons": 1, "price": 99}], "price must be a non-empty string"),
        ([{"try_ons": 1, "price": "x" * 81}], "at most 80"),
        ([{"try_ons": 1, "price": "1 €", "cost": 1}], "unknown key 'cost'"),
        ([*PACKS, *PACKS], "two packs"),
    ],
)
def test_wrong_packs(packs: Any, message: str) -> None:
    """A wrong pack stops start-up with a sentence."""
    with pytest.raises(ConfigurationError, match=message):
        read(None, GENVORIS_PACKS=packs)
