"""Which settings may be changed while a shop runs, and what becomes of wrong ones."""

from __future__ import annotations

import json
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from genvoris_flask.core.button_design import ButtonDesign
from genvoris_flask.core.setting_checks import CHECKS
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import Settings, read_settings
from genvoris_flask.settings.changeable import (
    CHANGEABLE,
    DEFAULTS,
    SettingsRefusedError,
    find_changeable,
    in_order,
    plain,
    with_changes,
    with_good_changes,
)
from genvoris_flask.settings.export import export_settings

SECRET_WORDS = ("KEY", "SECRET", "TOKEN", "DATABASE", "STORE", "API", "TRUSTED", "NONCE", "URL")
# Addresses of pages that shoppers follow, which they read in the page anyway.
LINKS = {f"GENVORIS_{name}_URL" for name in ("UPGRADE", "SUPPORT", "PRIVACY", "LOGIN")}

# A valid value and a wrong one for each setting that may be changed.
VALUES: dict[str, tuple[Any, Any]] = {
    "GENVORIS_CHARGING": (["credits"], ["nothing"]),
    "GENVORIS_PACKS": ([{"try_ons": 1, "price": "0.99 €"}], [{"try_ons": 0, "price": "1"}]),
    "GENVORIS_SINGLE_HOURS": (48, 0),
    "GENVORIS_FREE_TRYONS": (3, 1001),
    "GENVORIS_CREDITS": ({"per_item": 2}, {"per_item": 0}),
    "GENVORIS_CREDIT_DAYS": (30, 0),
    "GENVORIS_ROLL_OVER": (True, "perhaps"),
    "GENVORIS_PRORATE_UNITS": (True, "perhaps"),
    "GENVORIS_DOWNGRADE_AT_ONCE": (True, "perhaps"),
    "GENVORIS_ALLOW_GUESTS": (True, "perhaps"),
    "GENVORIS_UPGRADE_URL": ("/plans-new", "javascript:alert(1)"),
    "GENVORIS_BUTTON": ({"label": "Anprobieren"}, {"label": "x" * 21}),
    "GENVORIS_TEXTS": ({"de": {"title": "Am Körper"}}, {"de": {"titel": "Am Körper"}}),
    "GENVORIS_PREVIEW_PAGE": ("/products/shirt?colour=red", "https://evil.example/"),
    "GENVORIS_SHOP_NAME": ("Ada & Söhne", "  "),
    "GENVORIS_SUPPORT_URL": ("mailto:help@shop.example", "//evil.example"),
    "GENVORIS_PRIVACY_URL": ("/privacy", "https://user:pass@shop.example/"),
    "GENVORIS_LOGIN_URL": ("/sign-in", "ftp://shop.example/"),
    "GENVORIS_PICTURE_CREDIT": ("Made by a model", ""),
    "GENVORIS_TRYONS_PER_DAY": (5, 0),
    "GENVORIS_GUEST_TRYONS_PER_DAY": (2, 101),
    "GENVORIS_SHOP_TRYONS_PER_DAY": (900, "many"),
    "GENVORIS_HOLDOUT": (0.125, 51),
    "GENVORIS_KEEP_PICTURES_DAYS": (0, -1),
    "GENVORIS_LIMIT_TRYONS": ("3/minute", "often"),
    "GENVORIS_LIMIT_SESSION": ("3/minute; 20/hour", "0/minute"),
    "GENVORIS_LIMIT_EVENTS": ("30/minute", "30"),
    "GENVORIS_PACE_TRYONS": ("9/minute", "9/fortnight"),
    "GENVORIS_PACE_MINTS": ("90/hour", ""),
    "GENVORIS_PACE_REGISTRATIONS": ("9/hour", "-1/hour"),
    "GENVORIS_BURN_GUARD": (False, "perhaps"),
    "GENVORIS_CATEGORIES": (["home"], ["shoes"]),
}


def base(**config: Any) -> Settings:
    return read_settings(
        {
            "GENVORIS_API_KEY": "gvk_test_0123456789",
            "GENVORIS_DATABASE_URL": "sqlite:///shop.sqlite",
            **config,
        },
        environ={},
    )


def test_examples_are_complete() -> None:
    """There is an example here for each setting that may be changed."""
    assert set(VALUES) == set(CHANGEABLE)


@pytest.mark.parametrize("key", CHANGEABLE)
def test_no_secret(key: str) -> None:
    """Nothing that may be changed has, or leads to, a secret of the shop's."""
    assert key in CHECKS
    assert key in LINKS or not any(word in key.split("_") for word in SECRET_WORDS)


@pytest.mark.parametrize("key", CHANGEABLE)
def test_valid(key: str) -> None:
    """A valid value is used as one of ``app.config`` is, and None is the default."""
    name, value = CHANGEABLE[key].name, VALUES[key][0]
    changed = with_changes(base(), {key: json.loads(json.dumps(value))})
    assert getattr(changed, name) == getattr(base(**{key: value}), name) != DEFAULTS[name]
    assert getattr(with_changes(base(**{key: value}), {key: None}), name) == DEFAULTS[name]


@pytest.mark.parametrize("key", CHANGEABLE)
def test_plain(key: str) -> None:
    """What a setting has can be written as JSON and be read again."""
    declared = CHANGEABLE[key]
    for value in (DEFAULTS[declared.name], declared.check(VALUES[key][0])):
        written = json.loads(json.dumps(plain(value)))
        assert declared.check(None if written == [] else written) == value


@pytest.mark.parametrize("key", CHANGEABLE)
def test_wrong(key: str) -> None:
    """A wrong value is refused by the name of its setting, and so is all that comes with it."""
    changes = {"GENVORIS_SHOP_NAME": "Good", key: VALUES[key][1]}
    with pytest.raises(SettingsRefusedError) as caught:
        with_changes(base(), changes)
    assert list(caught.value.problems) == [key]
    assert caught.value.problems[key].startswith(key)


@pytest.mark.parametrize("key", sorted(set(CHECKS) - set(CHANGEABLE)))
def test_others_stay(key: str) -> None:
    """Settings that are not listed cannot be changed, whatever the value."""
    with pytest.raises(SettingsRefusedError, match="cannot be changed while the shop runs"):
        with_changes(base(), {key: "anything"})


def test_unknown() -> None:
    """An unknown setting is refused with the name of one that is like it."""
    with pytest.raises(ConfigurationError, match="Did you mean GENVORIS_SHOP_NAME"):
        find_changeable("GENVORIS_SHOPNAME")


def test_together() -> None:
    """Values that do not go together are refused by the setting that lacks something."""
    with pytest.raises(SettingsRefusedError) as caught:
        with_changes(base(), {"GENVORIS_CHARGING": "freemium"})
    assert "GENVORIS_FREE_TRYONS" in caught.value.problems["GENVORIS_CHARGING"]
    changes = {"GENVORIS_CHARGING": "freemium", "GENVORIS_FREE_TRYONS": 3}
    assert with_changes(base(), changes).charging == ("freemium",)


def test_one_is_wrong() -> None:
    """A stored change that has become wrong is ignored, and the others apply, in any order."""
    changes = {
        "GENVORIS_CHARGING": "freemium",
        "GENVORIS_FREE_TRYONS": 3,
        "GENVORIS_BUTTON": {"label": "x" * 30},
        "GENVORIS_NO_LONGER": 1,
    }
    settings, problems = with_good_changes(base(), changes)
    assert (settings.charging, settings.free_tryons) == (("freemium",), 3)
    assert settings.button == ButtonDesign()
    assert sorted(problems) == ["GENVORIS_BUTTON", "GENVORIS_NO_LONGER"]


def test_export_python() -> None:
    """What is exported for Python has the same effect in ``app.config``."""
    changes = {key: value for key, (value, _) in VALUES.items()}

    app = SimpleNamespace(config={})
    exec(export_settings(changes, "python"), {"app": app})
    assert list(app.config) == in_order(changes)
    assert base(**app.config) == with_changes(base(), changes)


def test_export_environment() -> None:
    """What is exported for an environment file has the same effect there."""
    changes = {key: value for key, (value, _) in VALUES.items()}
    changes["GENVORIS_SHOP_NAME"] = 'Ada\'s "shop" $HOME'
    script = "set -a\n" + export_settings(changes, "env") + "env -0"
    found = subprocess.run(
        ["/bin/sh", "-c", script], env={}, capture_output=True, check=True
    ).stdout.decode()
    environ = dict(line.split("=", 1) for line in found.split("\0") if "=" in line)
    config = {
        "GENVORIS_API_KEY": "gvk_test_0123456789",
        "GENVORIS_DATABASE_URL": "sqlite:///shop.sqlite",
    }
    assert read_settings(config, environ) == with_changes(base(), changes)


def test_export_has_no_secret() -> None:
    """A secret that has got into the table somehow is not exported."""
    changes = {"GENVORIS_API_KEY": "gvk_live_secret", "GENVORIS_SHOP_NAME": "Ada"}
    for form in ("python", "env", "json"):
        text = export_settings(changes, form)
        assert "Ada" in text
        assert "secret" not in text
