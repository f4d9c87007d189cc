"""How often a shopper and an address may call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from genvoris_flask import ConfigurationError, GenvorisFlask
from genvoris_flask.web.health_checks import Finding, diagnose
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture

SMALL = picture("PNG", (8, 8))


@pytest.fixture
def strict(genvoris: LocalGenvoris) -> Shop:
    for name in ("ada", "ben"):
        genvoris.customer(name, quota=50)
    limits = {f"GENVORIS_LIMIT_{name}": "2/hour" for name in ("SESSION", "TRYONS", "EVENTS")}
    shop = Shop(genvoris, **limits)
    shop.log_in()
    return shop


def ask(shop: Shop, times: int, **more: Any) -> Iterator[TestResponse]:
    for _ in range(times):
        yield shop.post("/session", **more)


def test_exceeded_limit_says_when_to_retry(strict: Shop) -> None:
    """The response is not cached."""
    *good, refused = ask(strict, 3)
    assert [answer.status_code for answer in good] == [200, 200]
    assert (refused.status_code, refused.get_json()["error"]) == (429, "rate_limited")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Cache-Control"] == "no-store"


def test_shoppers_are_limited_separately(strict: Shop) -> None:
    """One does not use up another's limit."""
    assert [answer.status_code for answer in ask(strict, 3)] == [200, 200, 429]
    strict.log_in("ben")
    assert [answer.status_code for answer in ask(strict, 1)] == [200]


def test_address_has_five_shoppers_limits(strict: Shop) -> None:
    """Another address has its own."""
    strict.log_in(None)
    codes = [answer.status_code for answer in ask(strict, 11)]
    assert codes == [401] * 10 + [429]
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    assert next(ask(strict, 1, **elsewhere)).status_code == 401


def test_ipv6_network_counts_as_one_address(strict: Shop) -> None:
    """One home has a whole /64."""
    strict.log_in(None)
    for number in range(10):
        environ = {"REMOTE_ADDR": f"2001:db8::{number:x}"}
        assert next(ask(strict, 1, environ_overrides=environ)).status_code == 401
    environ = {"REMOTE_ADDR": "2001:db8::ffff:1"}
    assert next(ask(strict, 1, environ_overrides=environ)).status_code == 429
    environ = {"REMOTE_ADDR": "2001:db8:0:1::1"}
    assert next(ask(strict, 1, environ_overrides=environ)).status_code == 401


def test_routes_are_limited_separately(strict: Shop) -> None:
    """One does not use up another's limit."""
    assert [answer.status_code for answer in ask(strict, 3)] == [200, 200, 429]
    assert [strict.tryon(SMALL).status_code for _ in range(3)] == [202, 202, 429]
    assert strict.browser.get("/genvoris/status").status_code == 200


def test_status_is_limited(strict: Shop) -> None:
    """A shopper's asks Genvoris; whoever isn't logged in is known by their address."""

    def codes(count: int) -> list[int]:
        return [strict.browser.get("/genvoris/status").status_code for _ in range(count)]

    assert codes(3) == [200, 200, 429]
    strict.log_in(None)
    assert codes(11) == [200] * 10 + [429]


def test_cross_site_requests_are_not_counted(strict: Shop) -> None:
    """They would use up the visitor's limit."""
    for _ in range(30):
        answer = strict.browser.post("/genvoris/session", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert next(ask(strict, 1)).status_code == 200


def from_(shop: Shop, remote: str, times: int = 1, **headers: str) -> list[int]:
    environ = {"REMOTE_ADDR": remote}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answers = ask(shop, times, environ_overrides=environ, headers=names)
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9", "::ffff:203.0.113.10"),
        ("64:ff9b::cb00:7109", "203.0.113.9", "64:ff9b::cb00:710a"),
        ("2002:cb00:7109:1::1", "2002:cb00:7109:2::1", "2002:cb00:710a:1::1"),
        ("203.0.113.9:5678", "203.0.113.9", "203.0.113.10:5678"),
        ("[2001:db8::1]:5678", "2001:db8::2", "[2001:db8:0:1::1]:5678"),
    ],
)
def test_spelling_of_an_address_does_not_matter(
    strict: Shop, first: str, same: str, other: str
) -> None:
    """IPv4 visitors of a server on [::] must not share one limit."""
    strict.log_in(None)
    assert from_(strict, first, 10) == [401] * 10
    assert from_(strict, same) == [429]
    assert from_(strict, other) == [401]


@pytest.mark.parametrize(
    ("remote", "headers"),
    [
        ("172.17.0.1", {"X_Forwarded_For": "203.0.113.7"}),
        ("::ffff:172.17.0.1", {"X_Forwarded_For": "203.0.113.7"}),
        ("100.64.0.9", {"X_Real_IP": "203.0.113.7"}),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}),
        ("", {}),
        ("unix:", {}),
    ],
)
def test_untrusted_proxy_has_a_high_limit(
    strict: Shop, remote: str, headers: dict[str, str]
) -> None:
    """Its visitors seldom lock each other out."""
    strict.log_in(None)
    codes = from_(strict, remote, 201, **headers)
    assert codes == [401] * 200 + [429]
    assert from_(strict, "198.51.100.1") == [401]


def test_visitors_behind_a_trusted_proxy_are_limited_separately(strict: Shop) -> None:
    """Those of an intranet too."""
    strict.app.wsgi_app = ProxyFix(strict.app.wsgi_app)  # type: ignore[method-assign]
    strict.log_in(None)
    assert from_(strict, "172.17.0.1", 11, X_Forwarded_For="10.0.0.5")[-1] == 429
    assert from_(strict, "172.17.0.1", X_Forwarded_For="10.0.0.6") == [401]
    assert from_(strict, "172.17.0.1", X_Forwarded_For="8.8.8.8") == [401]


def test_second_proxy_counts_as_a_proxy(
    strict: Shop,
) -> None:
    """ProxyFix was told of one, and there are two."""
    strict.app.wsgi_app = ProxyFix(strict.app.wsgi_app)  # type: ignore[method-assign]
    strict.log_in(None)
    forwarded = "8.8.8.8, 10.0.0.2"
    assert from_(strict, "10.0.0.1", 201, X_Forwarded_For=forwarded) == [401] * 200 + [429]


def test_check_reports_an_untrusted_proxy(strict: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """For an hour; the log has it once."""
    state = get_state(strict.app)

    def finding() -> Finding:
        return next(each for each in diagnose(state) if each.name == "proxy")

    assert finding().ok
    from_(strict, "172.17.0.1", 5, X_Forwarded_For="203.0.113.7")
    assert "ProxyFix" in finding().text
    assert not finding().ok
    assert caplog.text.count("X-Forwarded-For is not trusted") == 1


def test_invalid_rate_prevents_start_up() -> None:
    """The message names the setting."""
    for wrong in ("often", "20", "20/fortnight", 20):
        app = Flask("shop")
        app.config.update(GENVORIS_API_KEY=API_KEY, GENVORIS_LIMIT_TRYONS=wrong)
        with pytest.raises(ConfigurationError, match="GENVORIS_LIMIT_TRYONS"):
            GenvorisFlask(app)


def test_several_rates_apply_together(genvoris: LocalGenvoris) -> None:
    """The first that is exceeded refuses."""
    shop = Shop(genvoris, GENVORIS_LIMIT_SESSION="100/minute; 2/hour")
    genvoris.customer("ada")
    shop.log_in()
    assert [answer.status_code for answer in ask(shop, 3)] == [200, 200, 429]


def test_webhooks_are_limited_by_address(genvoris: LocalGenvoris) -> None:
    """They have no shopper."""
    shop = Shop(genvoris, GENVORIS_LIMIT_WEBHOOK="2/hour", GENVORIS_WEBHOOK_SECRET="whsec_1")
    codes = [shop.browser.post("/genvoris/webhook").status_code for _ in range(3)]
    assert codes == [400, 400, 429]
