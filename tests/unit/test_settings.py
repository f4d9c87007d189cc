"""Settings: what is read, and what stops start-up."""

from __future__ import annotations

import dataclasses
import traceback
from typing import Any

import pytest
from flask import Flask

from genvoris_flask.core.billing.plans import DeclaredPlan
from genvoris_flask.core.button_design import ButtonDesign
from genvoris_flask.core.setting_checks import CHECKS
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import Settings, read_settings

KEY = "gvk_test_0123456789"


def read(**config: Any) -> Settings:
    return read_settings({"GENVORIS_API_KEY": KEY, **config}, environ={})


def test_the_key_alone_is_enough() -> None:
    settings = read()
    assert settings.api_key == KEY
    assert settings.api_url == "https://genvoris.org/api/v1"
    assert settings.url_prefix == "/genvoris"
    assert settings.page_budget == 0.8


def test_key_from_environment() -> None:
    """The key may be in the environment."""
    assert read_settings({}, environ={"GENVORIS_API_KEY": KEY}).api_key == KEY


def test_config_wins() -> None:
    """The app's configuration takes precedence over the environment."""
    environ = {"GENVORIS_API_KEY": "gvk_test_from_the_environment"}
    assert read_settings({"GENVORIS_API_KEY": KEY}, environ).api_key == KEY


def test_all_from_environment() -> None:
    """A variable is read by its setting's type, as a number, a word, a list or JSON."""
    settings = read_settings(
        {},
        environ={
            "GENVORIS_API_KEY": KEY,
            "GENVORIS_SESSION_TTL": "600",
            "GENVORIS_PAGE_BUDGET": "0.5",
            "GENVORIS_ALLOW_GUESTS": "yes",
            "GENVORIS_INLINE_SESSION": "off",
            "GENVORIS_RESULT_HOSTS": "cdn.example.com, *.example.org",
            "GENVORIS_PLANS": '[{"name": "Pro", "monthly_try_ons": 100}]',
            "GENVORIS_BUTTON": '{"label": "Try", "showOnCards": false}',
        },
    )
    assert (settings.session_ttl, settings.page_budget) == (600, 0.5)
    assert (settings.allow_guests, settings.inline_session) == (True, False)
    assert settings.result_hosts == ("cdn.example.com", "*.example.org")
    assert settings.plans == (DeclaredPlan("Pro", 100),)
    assert settings.button == ButtonDesign(label="Try", show_on_cards=False)


def test_prefixed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``app.config.from_prefixed_env()`` gives values that have a type already."""
    app = Flask("shop")
    for name, value in {
        "API_KEY": KEY,
        "SESSION_TTL": "600",
        "ALLOW_GUESTS": "true",
        "INLINE_SESSION": "False",
        "PLANS": '[{"name": "Pro", "monthly_try_ons": 100}]',
        "BUTTON__label": "Try",
        "UPGRADE_URL": "",
    }.items():
        monkeypatch.setenv(f"FLASK_GENVORIS_{name}", value)
    app.config.from_prefixed_env()
    settings = read_settings(app.config, environ={})
    assert (settings.session_ttl, settings.allow_guests, settings.upgrade_url) == (600, True, None)
    assert settings.inline_session is False
    assert settings.plans == (DeclaredPlan("Pro", 100),)
    assert settings.button == ButtonDesign(label="Try")


@pytest.mark.parametrize("blank", ["", "  "])
@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_blank_one_counts_as_not_set(name: str, blank: str) -> None:
    """A variable that nobody filled in changes nothing, wherever it stands."""
    if name == "GENVORIS_API_KEY":
        for config, environ in (({name: blank}, {}), ({}, {name: blank})):
            with pytest.raises(ConfigurationError, match="is missing"):
                read_settings(config, environ)
        assert read_settings({name: blank}, {name: KEY}).api_key == KEY
        return
    plain = read()
    assert read(**{name: blank}) == plain
    assert read_settings({"GENVORIS_API_KEY": KEY}, environ={name: blank}) == plain


def test_unknown_variables(caplog: pytest.LogCaptureFixture) -> None:
    """Only a slip is named in the log; what others read never stops the shop."""
    environ = {"GENVORIS_SDK_REGION": "eu", "GENVORIS_PAGE_BUGDET": "1", "GENVORIS_API_KEY": KEY}
    assert read_settings({}, environ) == read()
    assert [record.getMessage() for record in caplog.records] == [
        "The environment variable GENVORIS_PAGE_BUGDET is not a setting of genvoris-flask: did you "
        "mean GENVORIS_PAGE_BUDGET?"
    ]


def test_a_value_of_none_counts_as_not_set() -> None:
    assert read(GENVORIS_UPGRADE_URL=None, GENVORIS_SESSION_TTL=None).session_ttl == 900


def test_other_config() -> None:
    """Other settings of the app are ignored."""
    assert read(SECRET_KEY="x", DEBUG=True).api_key == KEY


def test_jwks_url() -> None:
    """The keys for tokens are at the origin of the API by default."""
    settings = read(GENVORIS_API_URL="http://127.0.0.1:8787/api/v1")
    assert settings.jwks_url == "http://127.0.0.1:8787/.well-known/jwks.json"


def test_slashes_at_the_end_are_dropped() -> None:
    settings = read(GENVORIS_API_URL="https://example.org/v1/", GENVORIS_URL_PREFIX="/try/")
    assert (settings.api_url, settings.url_prefix) == ("https://example.org/v1", "/try")


@pytest.mark.parametrize(
    ("word", "meaning"), [("true", True), ("0", False), ("No", False), (True, True)]
)
def test_a_flag_may_be_a_word(word: object, meaning: bool) -> None:
    assert read(GENVORIS_ALLOW_GUESTS=word).allow_guests is meaning


@pytest.mark.parametrize(
    "given", [["CDN.example.com", "*.example.org"], "cdn.example.com, *.example.org,"]
)
def test_hosts(given: object) -> None:
    """Hosts may be a list or a string with commas."""
    settings = read_settings({"GENVORIS_API_KEY": KEY, "GENVORIS_RESULT_HOSTS": given})
    assert settings.result_hosts == ("cdn.example.com", "*.example.org")


def test_number_as_string() -> None:
    """A number may be a string, as from an environment file."""
    assert read(GENVORIS_SESSION_TTL="600").session_ttl == 600


@pytest.mark.parametrize(
    "url", ["/contact", "https://help.example/try-on", "mailto:help@shop.example", "tel:+4930123"]
)
def test_support_url(url: str) -> None:
    """A page, or an address to write to or call."""
    assert read(GENVORIS_SUPPORT_URL=url).support_url == url


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("GENVORIS_API_KEY", "sk_live_1", "gvk_live_"),
        ("GENVORIS_API_KEY", "gvk_live_with space", "gvk_live_"),
        ("GENVORIS_API_KEY", 42, "string"),
        ("GENVORIS_EXTERNAL_ID_PREFIX", "ec_", "ec_"),
        ("GENVORIS_EXTERNAL_ID_PREFIX", " EC_shop", "ec_"),
        ("GENVORIS_USER_ID_ATTRIBUTE", "user.id", "attribute"),
        ("GENVORIS_API_URL", "genvoris.org", "URL"),
        ("GENVORIS_API_URL", "http://[", "URL"),
        ("GENVORIS_API_URL", "https://genvoris.org:99999/api/v1", "URL"),
        ("GENVORIS_API_URL", "https://ada:secret@genvoris.org/api/v1", "plain URL"),
        ("GENVORIS_TRYON_URL", "https://api.genvoris.org/?x=1", "plain URL"),
        ("GENVORIS_STORE_URL", "redis://localhost:abc/0", "port"),
        ("GENVORIS_STORE_URL", "redis://localhost/0?db=abc", "number"),
        ("GENVORIS_API_URL", "http://genvoris.org/api/v1", "https://"),
        ("GENVORIS_ALERT_URL", "http://hooks.example/T0", "https://"),
        ("GENVORIS_ALERT_URL", "/hooks/T0", "https://"),
        ("GENVORIS_TRYON_URL", "ftp://127.0.0.1", "URL"),
        ("GENVORIS_URL_PREFIX", "genvoris", "path"),
        ("GENVORIS_URL_PREFIX", "/", "path"),
        ("GENVORIS_WIDGET_URL", "//cdn.example.org/w.js", "path"),
        ("GENVORIS_LOGIN_URL", "javascript:alert(1)", "path"),
        ("GENVORIS_UPGRADE_URL", "/\\evil.example", "path"),
        ("GENVORIS_PRIVACY_URL", "/\t/evil.example", "path"),
        ("GENVORIS_WIDGET_INTEGRITY", "md5-abc", "sha384-"),
        ("GENVORIS_UPGRADE_URL", "plans", "path"),
        ("GENVORIS_SESSION_TTL", 119, "120"),
        ("GENVORIS_SESSION_TTL", 3601, "3600"),
        ("GENVORIS_SESSION_TTL", 900.5, "whole number"),
        ("GENVORIS_SESSION_TTL", True, "whole number"),
        ("GENVORIS_SESSION_TTL", "soon", "whole number"),
        ("GENVORIS_PAGE_BUDGET", float("nan"), "seconds"),
        ("GENVORIS_PAGE_BUDGET", float("inf"), "seconds"),
        ("GENVORIS_PAGE_BUDGET", 0, "0.05"),
        ("GENVORIS_MAX_UPLOAD_BYTES", 10, "bytes"),
        ("GENVORIS_RESULT_HOSTS", 7, "list of hosts"),
        ("GENVORIS_RESULT_HOSTS", ["https://cdn.example.com"], "without scheme"),
        ("GENVORIS_RESULT_HOSTS", "cdn.example.com:443", "without scheme"),
        ("GENVORIS_RESULT_HOSTS", "10.0.0.1", "no addresses"),
        ("GENVORIS_RESULT_HOSTS", "*", "names of hosts"),
        ("GENVORIS_RESULT_HOSTS", "*.com.*", "names of hosts"),
        ("GENVORIS_ALLOW_GUESTS", "perhaps", "true or false"),
        ("GENVORIS_CSP_NONCE", "abc", "function"),
        ("GENVORIS_DEFAULT_PLAN", 7, "string"),
        ("GENVORIS_EXTERNAL_ID_PREFIX", 7, "string"),
        ("GENVORIS_PRIVACY_URL", "javascript:alert(1)", "path"),
        ("GENVORIS_SUPPORT_URL", "javascript:alert(1)", "mailto"),
        ("GENVORIS_SUPPORT_URL", "mailto:", "mailto"),
        ("GENVORIS_SUPPORT_URL", "help@shop.example", "mailto"),
        ("GENVORIS_BUTTON", "round", "dict"),
        ("GENVORIS_BUTTON", {"borderRadius": 41}, "borderRadius"),
    ],
)
def test_wrong_value(name: str, value: object, hint: str) -> None:
    """A wrong value raises an error that names the key."""
    with pytest.raises(ConfigurationError) as caught:
        read(**{name: value})
    assert name in str(caught.value)
    assert hint in str(caught.value)


def test_plan_with_other_keys() -> None:
    """Price and currency are the shop's own: they are kept, and compared with nothing."""
    own = {"price": 900, "currency": "JPY", "name_de": "Profi", 7: "seven"}
    (plan,) = read(GENVORIS_PLANS=[{"name": "Pro", "monthly_try_ons": 100, **own}]).plans or ()
    assert plan == DeclaredPlan("Pro", 100)
    assert plan.own == own
    assert plan.as_payload() == {"name": "Pro", "monthly_try_ons": 100, "external_price_id": None}
    again = read(GENVORIS_PLANS=[plan]).plans or ()
    assert again[0].own == own


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ({"externalPriceId": "price_1"}, "external_price_id"),
        ({"external_prize_id": "price_1"}, "external_price_id"),
        ({"price_id": "price_1"}, "external_price_id"),
        ({"stripe_price_id": "price_1"}, "external_price_id"),
        ({"monthlyTryOns": 3, "external_price_id": "p"}, "monthly_try_ons"),
        ({"monthly_tryons": 3, "external_price_id": "p"}, "monthly_try_ons"),
    ],
)
def test_plan_typo(slip: dict[str, Any], meant: str) -> None:
    """A key that is nearly one of ours is refused where ours is missing."""
    plan = {"name": "Pro", **({} if "try" in str(slip).lower() else {"monthly_try_ons": 3}), **slip}
    with pytest.raises(ConfigurationError, match=f"did you mean {meant}"):
        read(GENVORIS_PLANS=[plan])


def test_plan_key_like_ours() -> None:
    """A shop may note several ids of a price."""
    plan = {"name": "Pro", "monthly_try_ons": 3, "external_price_id": "p", "price_id": "q"}
    assert read(GENVORIS_PLANS=[plan]).plans == (DeclaredPlan("Pro", 3, "p"),)


def test_a_missing_key_says_where_to_get_one() -> None:
    with pytest.raises(ConfigurationError, match=r"GENVORIS_API_KEY is missing.*API keys"):
        read_settings({}, environ={})


def test_misspelt_setting() -> None:
    """The error for a misspelt setting names the right one."""
    with pytest.raises(ConfigurationError, match="did you mean GENVORIS_PAGE_BUDGET"):
        read(GENVORIS_PAGE_BUGDET=1)


def test_server_key_for_widget() -> None:
    """The server key is refused as the widget's key."""
    with pytest.raises(ConfigurationError, match="GENVORIS_WIDGET_API_KEY") as caught:
        read(GENVORIS_WIDGET_API_KEY=KEY)
    assert KEY not in str(caught.value)


def test_integrity_without_url() -> None:
    """An integrity needs the URL that it is for."""
    with pytest.raises(ConfigurationError, match="GENVORIS_WIDGET_INTEGRITY"):
        read(GENVORIS_WIDGET_INTEGRITY="sha384-abc")


def test_a_wrong_key_is_never_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(GENVORIS_API_KEY="gvk_live_secret with a slip")
    assert "secret" not in str(caught.value)


def test_the_key_is_not_in_the_repr() -> None:
    assert KEY not in repr(read())


def test_settings_are_complete() -> None:
    """Every setting has a validator and a line in the docstring."""
    names = {field.name for field in dataclasses.fields(Settings)}
    assert {f"GENVORIS_{name.upper()}" for name in names} == set(CHECKS)
    documented = "\n".join(base.__doc__ or "" for base in Settings.__mro__)
    for name in names:
        assert f" {name}: " in documented


@pytest.mark.parametrize(
    "name",
    [
        "GENVORIS_API_URL",
        "GENVORIS_TRYON_URL",
        "GENVORIS_JWKS_URL",
        "GENVORIS_ALERT_URL",
        "GENVORIS_STORE_URL",
        "GENVORIS_WIDGET_URL",
        "GENVORIS_LOGIN_URL",
        "GENVORIS_UPGRADE_URL",
        "GENVORIS_PRIVACY_URL",
        "GENVORIS_TRUSTED_ORIGINS",
        "GENVORIS_RESULT_HOSTS",
        "GENVORIS_URL_PREFIX",
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@genvoris.org",
        "ftp://user:hunter2@genvoris.org",
        "https//user:hunter2@genvoris.org",
        "user:hunter2@genvoris.org",
        "https://user:hunter2@",
        "https://user:hunter2@genvoris.org:port",
        "https://user:hunter2@[genvoris.org",
        "https://:hunter2@genvoris.org",
        "https://user:hunter2@genvoris.org/?key=hunter2#x",
        "https://user:hun\nter2hunter2@genvoris.org",
    ],
)
def test_password_in_url(name: str, url: str) -> None:
    """No message repeats the password of a URL."""
    with pytest.raises(ConfigurationError) as caught:
        read(**{name: url})
    assert name in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
