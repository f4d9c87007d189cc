"""Shoppers in the console: found, given try-ons, paused, exported and forgotten, each once."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import session
from werkzeug.test import TestResponse

from genvoris_flask.core.ledger.audit import AuditEntry, AuditLog
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import DAY, ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import until

TOKEN = "0" * 32
PATH = "/genvoris/console"


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger, in which its owner Fen is logged in."""
    shop = ledger_shop(genvoris, tmp_path)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    shop.log_in("fen")
    return shop


def give(shop: Shop, name: str, try_ons: int = 5, **options: object) -> None:
    with shop.app.app_context():
        shop.extension.billing.grant(name, try_ons, **options)  # type: ignore[arg-type]


def left(shop: Shop, name: str = "ada") -> int:
    with shop.app.app_context():
        return shop.extension.billing.balance(name).available


def send(shop: Shop, action: str, name: str = "ada", **fields: str) -> TestResponse:
    data = {"id": name, "form": TOKEN, "note": "Sorry", **fields}
    return shop.browser.post(f"{PATH}/shopper/{action}", data=data, headers=SAME_ORIGIN)


def audit(shop: Shop) -> list[AuditEntry]:
    database = shop.state.database
    assert database is not None
    return AuditLog(database, shop.state.clock).entries(100)


def page(shop: Shop, name: str = "ada") -> str:
    answer = shop.browser.get(f"{PATH}/shopper", query_string={"id": name})
    assert answer.status_code == 200
    return answer.text


def names(text: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*><a[^>]*><bdi>([^<]*)', text)


def test_give(shop: Shop) -> None:
    """Given try-ons can be used, and the audit log says by whom, why, and what there was."""
    answer = send(shop, "give", try_ons="3", days="7")
    assert answer.status_code == 303
    assert "The try-ons were given." in shop.browser.get(answer.location).text
    with shop.app.app_context():
        balance = shop.extension.billing.balance("ada")
    assert balance.available == 3
    assert balance.next_expiry is not None
    assert balance.next_expiry.timestamp() == shop.genvoris.clock.now + 7 * DAY
    [entry] = audit(shop)
    change = entry.change
    assert (change.actor, change.action, change.subject) == ("fen", "shopper.give", "ada")
    assert change.note == "Sorry"
    assert entry.before == {"available": 0, "held": 0}
    assert entry.after == {"try_ons": 3, "available": 3, "held": 0}
    assert "Sorry" in page(shop)
    assert "Sorry" in shop.browser.get(f"{PATH}/history").text


def test_double_click(shop: Shop) -> None:
    """A form that is sent twice, even at once, changes something once."""
    browsers = [shop.app.test_client() for _ in range(4)]
    for browser in browsers:
        shop.log_in("fen", browser)
    data = {"id": "ada", "form": TOKEN, "note": "Sorry", "try_ons": "3", "days": "7"}
    statuses: list[int] = []

    def click(number: int) -> None:
        answer = browsers[number].post(f"{PATH}/shopper/give", data=data, headers=SAME_ORIGIN)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.genvoris.clock.now += 60
    click(0)
    assert statuses == [303] * 5
    assert left(shop) == 3
    assert len(audit(shop)) == 1


@pytest.mark.parametrize(
    ("action", "name", "fields"),
    [
        ("give", "ada", {"try_ons": "4"}),
        ("give", "ada", {"note": "Other"}),
        ("give", "bob", {}),
        ("take-back", "ada", {}),
    ],
)
def test_form_with_other_contents(
    shop: Shop, action: str, name: str, fields: dict[str, str]
) -> None:
    """A form that comes back with other contents is refused, rather than done or left undone."""
    give(shop, "bob")
    send(shop, "give", try_ons="3")
    answer = send(shop, action, name, **{"try_ons": "3", **fields})
    assert answer.status_code == 400
    assert "was sent before with other contents" in answer.text
    assert (left(shop), left(shop, "bob")) == (3, 5)
    assert len(audit(shop)) == 1


def test_take_back(shop: Shop) -> None:
    """What was given is taken back, never more, and nothing that was bought."""
    give(shop, "ada", 2)
    with shop.app.app_context():
        shop.extension.billing.order_paid("1", external_id="ada", try_ons=4)
    assert send(shop, "take-back", try_ons="9").status_code == 303
    assert left(shop) == 4
    [entry] = audit(shop)
    assert entry.before["available"] == 6
    assert entry.after["available"] == 4


def test_pause(shop: Shop) -> None:
    """A paused shopper has nothing available, and all of it again afterwards."""
    give(shop, "ada", 2)
    with shop.app.app_context():
        shop.extension.billing.order_paid("1", external_id="ada", try_ons=4)
    assert send(shop, "pause").status_code == 303
    assert left(shop) == 0
    assert "On hold 6" in page(shop)
    assert send(shop, "resume", form="1" * 32).status_code == 303
    assert left(shop) == 6
    assert [entry.change.action for entry in audit(shop)] == ["shopper.resume", "shopper.pause"]


def test_resume_leaves_the_subscription_that_has_ended(shop: Shop) -> None:
    """The end of a pause gives nothing back that had ended before it."""
    with shop.app.app_context():
        plan = shop.extension.client.plans.create(name="Ten", monthly_try_ons=10)
        shop.extension.billing.activate("ada", plan_id=plan.id, event_id="sale")
        shop.extension.billing.cancel("ada", event_id="end")
    give(shop, "ada", 1)
    send(shop, "pause")
    send(shop, "resume", form="1" * 32)
    assert left(shop) == 1


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        ("give", {"try_ons": "0"}, "Write a number from 1 to 10,000"),
        ("give", {"try_ons": "-3"}, "Write a number from 1 to 10,000"),
        ("give", {"try_ons": "10001"}, "Write a number from 1 to 10,000"),
        ("give", {"try_ons": "٣"}, "Write a number from 1 to 10,000"),
        ("give", {"try_ons": "3", "days": "x"}, "Write a number of days"),
        ("give", {"try_ons": "3", "note": "  "}, "Write a reason"),
        ("take-back", {"try_ons": "3", "note": ""}, "Write a reason"),
        ("give", {"try_ons": "3", "form": "x"}, "Please fill it in again"),
        ("forget", {}, "Tick the box"),
    ],
)
def test_wrong_form(shop: Shop, action: str, fields: dict[str, str], sentence: str) -> None:
    """What is wrong with a form is said on the page, and nothing is changed."""
    give(shop, "ada", 2)
    answer = send(shop, action, **fields)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert left(shop) == 2
    assert audit(shop) == []


@pytest.mark.parametrize("action", ["take-back", "pause", "resume"])
def test_nobody_there(shop: Shop, action: str) -> None:
    """A shopper who is not known is not made known by a typing error."""
    assert send(shop, action, "adda", try_ons="1").status_code == 404
    assert names(shop.browser.get(f"{PATH}/shoppers").text) == []


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b", "erased:1"])
def test_impossible_id(shop: Shop, name: str) -> None:
    """An id that no shopper can have is answered with a page that says so."""
    assert shop.browser.get(f"{PATH}/shopper", query_string={"id": name}).status_code == 404
    assert send(shop, "give", name, try_ons="1").status_code == 404


def test_markup_in_ids(shop: Shop) -> None:
    """An id is text, wherever it is shown."""
    name = "<b>\"&'/../%"
    give(shop, name, 1)
    send(shop, "give", name, try_ons="1", note="<i>")
    for text in (page(shop, name), shop.browser.get(f"{PATH}/history").text):
        assert "<b>" not in text
        assert "<i>" not in text
    assert left(shop, name) == 2


def test_pages(shop: Shop) -> None:
    """All shoppers are listed, the newest first, each once however many come at one moment."""
    for number in range(120):
        shop.genvoris.clock.now += number % 2
        give(shop, f"user_{number:03}", 1)
    found: list[str] = []
    url = f"{PATH}/shoppers"
    while url:
        text = shop.browser.get(url).text
        found += names(text)
        more = re.search(r'rel="next" href="([^"]+)"', text)
        url = more[1].replace("&amp;", "&") if more else ""
    assert len(found) == len(set(found)) == 120
    assert found[0] in ("user_119", "user_118")
    assert found[-1] == "user_000"


def test_of_orders(shop: Shop) -> None:
    """What a shopper has of orders is called so, rather than "your orders" as on their account."""
    with shop.app.app_context():
        shop.extension.billing.order_paid("1", external_id="ada", try_ons=4)
    shown = page(shop)
    assert "<td>With orders</td>" in shown
    assert "<td>Added · With orders</td>" in shown


def test_names(shop: Shop) -> None:
    """People are shown by the names that the shop has for their ids, and by the ids."""
    asked: list[list[str]] = []

    @shop.extension.console_names
    def people(ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        return {"ada": "Ada <Lovelace>", "fen": "Fen", "zoe": "Zoe"}

    send(shop, "give", try_ons="3")
    give(shop, "bob")
    listed = shop.browser.get(f"{PATH}/shoppers").text
    assert sorted(names(listed)) == ["Ada &lt;Lovelace&gt;", "bob"]
    assert "<bdi>ada</bdi>" in listed
    history = shop.browser.get(f"{PATH}/history").text
    for text in (page(shop), history):
        assert "<bdi>Fen</bdi>" in text
        assert "Ada &lt;Lovelace&gt;</" in text
        assert "<bdi>ada</bdi>" in text
        assert "Zoe" not in text
    known = shop.browser.get(f"{PATH}/shopper/genvoris", query_string={"id": "ada"}).text
    assert "Ada &lt;Lovelace&gt;" in known
    assert asked == [["ada", "bob"], ["ada", "fen"], ["ada", "fen"], ["ada"]]


@pytest.mark.parametrize("function", [lambda _: None, lambda ids: ids, lambda ids: ids[9]])
def test_no_names(shop: Shop, caplog: pytest.LogCaptureFixture, function: Any) -> None:
    """If the shop's function fails or returns no names, ids are shown, and it is logged once."""
    shop.extension.console_names(function)
    give(shop, "ada")
    for _ in range(2):
        assert names(shop.browser.get(f"{PATH}/shoppers").text) == ["ada"]
    assert caplog.text.count("console_names failed") == 1


def test_search(shop: Shop) -> None:
    """A search finds ids that begin with it, as text, and by pages."""
    for name in ("user_1", "user_12", "userx1", "7%"):
        give(shop, name, 1)

    def search(text: str) -> list[str]:
        return names(shop.browser.get(f"{PATH}/shoppers", query_string={"q": text}).text)

    assert search("user_1") == ["user_1", "user_12"]
    assert search("7%") == ["7%"]
    assert search("%") == []
    assert search("12") == []


def test_search_by_address(shop: Shop) -> None:
    """An address finds whoever has got something by it, however it is written."""
    with shop.app.app_context():
        shop.extension.billing.order_paid("1", email="Ada@Example.com", try_ons=4)
        shop.extension.billing.claim("ada", "ada@example.com")
    text = shop.browser.get(f"{PATH}/shoppers", query_string={"q": " ADA@example.com"}).text
    assert names(text) == ["ada"]
    text = shop.browser.get(f"{PATH}/shoppers", query_string={"q": "bob@example.com"}).text
    assert "An address is known only if" in text


def test_failed_tryon(shop: Shop) -> None:
    """A try-on that failed is listed with its reason, and was not counted."""
    give(shop, "ada")
    shop.log_in("ada")
    shop.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path.endswith("/tryon") else None
    )
    shop.finish(shop.tryon())
    shop.log_in("fen")
    assert "Genvoris did not answer" in page(shop)
    assert left(shop) == 5


def test_genvoris(shop: Shop) -> None:
    """What Genvoris knows is asked for on its own page, which bears that it is away."""
    url = f"{PATH}/shopper/genvoris?id=ada"
    assert "does not know this shopper" in shop.browser.get(url).text
    with shop.app.app_context():
        shop.extension.client.customers.upsert(external_id="ada")
    assert "<dd>Active</dd>" in shop.browser.get(url).text
    before = len(shop.transport.requests)
    page(shop)
    assert len(shop.transport.requests) == before
    shop.transport.fault = lambda _request: httpx.Response(503)
    assert "does not answer right now" in shop.browser.get(url).text


def test_export(shop: Shop) -> None:
    """An export is a file of all that is known, without who of the staff has looked."""
    give(shop, "ada")
    send(shop, "give", try_ons="1")
    answer = send(shop, "export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = answer.get_json()
    assert data["database"]["lots"]
    assert data["database"]["audit"][0]["note"] == "Sorry"
    assert "fen" not in answer.text
    assert audit(shop)[0].change.action == "shopper.export"
    shop.transport.fault = lambda _request: httpx.Response(503)
    assert send(shop, "export").status_code == 503


def test_forget(shop: Shop) -> None:
    """A forgotten shopper is gone from every page, and from what the audit log says of them."""
    give(shop, "ada")
    send(shop, "give", try_ons="1", note="Ada called")
    answer = send(shop, "forget", sure="yes")
    assert answer.status_code == 303

    def is_gone() -> bool:
        text = shop.browser.get(answer.location).text
        return "The shopper is forgotten" in text and names(text) == []

    until(is_gone)
    history = shop.browser.get(f"{PATH}/history").text
    assert "Forgot the shopper" in history
    assert "Gave try-ons" in history
    assert not re.search(r"\bada\b", history.lower())
    assert left(shop) == 0


def test_without_database(shop: Shop, genvoris: LocalGenvoris) -> None:
    """A shop without a database is told what the pages need."""
    plain = Shop(genvoris)
    plain.extension.console_access(lambda: True)
    for path in ("shoppers", "shopper?id=ada", "deliveries", "history"):
        answer = plain.browser.get(f"{PATH}/{path}")
        assert answer.status_code == 200
        assert "GENVORIS_DATABASE_URL" in answer.text
    assert send(plain, "give", try_ons="3").status_code == 409
    assert plain.browser.get(PATH).status_code == 200


def test_database_is_away(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A database that cannot be used is said on the page, with nothing of its error."""
    shop = Shop(genvoris, GENVORIS_DATABASE_URL=f"sqlite:///{tmp_path}/none/shop.sqlite")
    shop.extension.console_access(lambda: True)
    for path in ("shoppers", "shopper?id=ada", "deliveries", "history"):
        answer = shop.browser.get(f"{PATH}/{path}")
        assert answer.status_code == 503
        assert "The database does not answer" in answer.text
    assert shop.browser.get(PATH).status_code == 200


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar", "ur"])
def test_languages(shop: Shop, language: str) -> None:
    """Every page is in the owner's language and its direction."""
    give(shop, "ada")
    send(shop, "give", try_ons="1")
    direction = "rtl" if language in ("ar", "ur") else "ltr"
    for path in ("", "/shoppers", "/shopper?id=ada", "/deliveries", "/history"):
        headers = {"Accept-Language": language}
        text = shop.browser.get(f"{PATH}{path}", headers=headers).text
        assert f'<html lang="{language}" dir="{direction}">' in text
