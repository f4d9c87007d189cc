"""Orders of guests: claimed by a verified address, or by the link in the order's mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from genvoris_flask import ConfigurationError, Shopper
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

DAY = 24 * 3600


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop where a guest has ordered, and where Ada is logged in."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="credits", GENVORIS_CREDIT_DAYS=30)
    with shop.app.app_context():
        shop.extension.billing.order_paid("o1", email="ada@example.com", try_ons=5)
    return shop


def link(shop: Shop, order_id: str = "o1", **options: Any) -> str:
    with shop.app.test_request_context(base_url="https://shop.example/"):
        return shop.extension.billing.claim_url(order_id, **options)


def balance(shop: Shop, shopper: str = "ada") -> Any:
    with shop.app.app_context():
        return shop.extension.billing.balance(shopper)


def test_link_in_the_mail(shop: Shop) -> None:
    """Whoever has the link and an account has the order, once, and its time runs on."""
    url = link(shop, next="/account")
    assert url.startswith("https://shop.example/genvoris/claim/")
    shop.genvoris.clock.now += 10 * DAY
    for _each in range(2):
        answer = shop.browser.get(urlsplit(url).path)
        assert (answer.status_code, answer.location) == (303, "/account")
    found = balance(shop)
    assert found.available == 5
    assert found.next_expiry.timestamp() == shop.genvoris.clock.now + 20 * DAY
    shop.log_in("ben")
    shop.browser.get(urlsplit(url).path)
    assert balance(shop, "ben").available == 0


def test_log_in_first(shop: Shop) -> None:
    """Somebody who is not logged in comes back to the link after the log-in."""
    path = urlsplit(link(shop)).path
    shop.log_in(None)
    answer = shop.browser.get(path)
    assert answer.location == f"/login?next={path.replace('/', '%2F')}"
    assert balance(shop).available == 0


def test_forged_link(shop: Shop) -> None:
    """A link that the shop has not made brings nothing."""
    path = urlsplit(link(shop)).path
    for forged in (path[:-1] + "x", "/genvoris/claim/o1", path.replace(".", "", 1)):
        assert shop.browser.get(forged).status_code == 404
    assert balance(shop).available == 0


def test_rotated_key(shop: Shop) -> None:
    """Links outlive a new SECRET_KEY that is announced as Flask expects it."""
    path = urlsplit(link(shop)).path
    shop.app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["secret"])
    shop.log_in()
    assert shop.browser.get(path).status_code == 303
    assert balance(shop).available == 5


@pytest.mark.parametrize("target", ["account", "//evil.example", "https://evil.example", "/\\evil"])
def test_foreign_target(shop: Shop, target: str) -> None:
    """The link leads to the shop itself."""
    with pytest.raises(ValueError, match="path of this shop"):
        link(shop, next=target)


def test_outside_of_a_request(shop: Shop) -> None:
    """A task that sends mails needs a SERVER_NAME."""
    shop.app.config["SERVER_NAME"] = "shop.example"
    with shop.app.app_context():
        url = shop.extension.billing.claim_url("o1")
    assert url.startswith("http://shop.example/genvoris/claim/")


def test_without_a_ledger(genvoris: LocalGenvoris) -> None:
    """Plans at Genvoris cannot keep orders of guests."""
    with pytest.raises(ConfigurationError, match="GENVORIS_DATABASE_URL"):
        link(Shop(genvoris))


def test_verified_address(shop: Shop) -> None:
    """A look at the dialog is enough for whose address the shop has verified."""
    shop.extension.shopper_loader(lambda: Shopper("ada", "ADA@example.com", email_verified=True))
    assert shop.browser.get("/genvoris/status").get_json()["remaining"] == 5
    assert balance(shop).available == 5
