"""Consent is on record, on the server, before any photo is read."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from genvoris_flask import ConsentText, Photo, Product, Shopper
from genvoris_flask.errors import ConfigurationError
from tests.support.cli import run_command
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.phones import Phone, open_link, state, take
from tests.support.pictures import picture
from tests.support.waiting import until

DAY = 24 * 3600


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a free shop that asks for consent, in which Ada is logged in."""
    return ledger_shop(
        genvoris,
        tmp_path,
        GENVORIS_CHARGING="free",
        GENVORIS_PRIVACY_URL="/privacy",
        GENVORIS_MINIMUM_AGE=16,
        GENVORIS_ALLOW_GUESTS=True,
    )


def asked(shop: Shop, language: str = "en") -> dict[str, Any]:
    headers = {"Accept-Language": language}
    found: dict[str, Any] = shop.browser.get("/genvoris/consent", headers=headers).get_json()
    return found


def agree(shop: Shop, language: str = "en", **changes: Any) -> TestResponse:
    form = asked(shop, language)["form"]
    ticked = {"text": True, "depicted": True, "age": True}
    fields = {"hash": form["hash"], "language": form["language"], **ticked, **changes}
    return shop.post("/consent", json=fields)


def withdraw(shop: Shop) -> int:
    answer = shop.browser.delete("/genvoris/consent", headers=SAME_ORIGIN)
    count: int = answer.get_json()["withdrawn"]
    return count


def error_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


REQUIRED = (403, "consent_required")


def test_try_on_needs_a_consent(shop: Shop) -> None:
    """Without one it is refused, with what to ask; with one it is made."""
    refused = shop.tryon()
    assert error_of(refused) == REQUIRED
    form = refused.get_json()["consent"]
    assert form == asked(shop)["form"]
    assert form["age"] == "I am at least 16 years old."
    assert form["privacy_url"] == "/privacy"
    assert agree(shop).status_code == 201
    assert shop.finish(shop.tryon())["state"] == "done"


def test_refused_before_the_photo_is_read(shop: Shop) -> None:
    """A body that is no photo at all is not even looked at."""
    answer = shop.post("/tryons", data=b"never read", content_type="multipart/form-data")
    assert error_of(answer) == REQUIRED


def test_hosted_widget_needs_one_too(shop: Shop) -> None:
    """The pass-through is no way around it."""
    assert [error_of(shop.post(path)) for path in ("/api/analyze", "/api/tryon")] == [REQUIRED] * 2


def test_link_for_a_phone_needs_one(shop: Shop) -> None:
    """It is refused, with what to ask; with a consent the phone's photo is read."""
    refused = shop.post("/handovers")
    assert error_of(refused) == REQUIRED
    assert refused.get_json()["consent"] == asked(shop)["form"]
    agree(shop)
    link = open_link(shop)
    assert Phone(shop.app, link["url"]).send().status_code == 204
    assert take(shop, link).status_code == 200


def test_guests_link_needs_one(shop: Shop) -> None:
    """A guest agrees as a shopper does, and another guest's consent does not count."""
    shop.log_in(None)
    assert error_of(shop.post("/handovers")) == REQUIRED
    agree(shop)
    assert Phone(shop.app, open_link(shop)["url"]).send().status_code == 204
    shop.browser.delete_cookie("genvoris_guest")
    assert error_of(shop.post("/handovers")) == REQUIRED


@pytest.mark.parametrize("change", ["withdrawn", "new text"])
def test_open_link_ends_with_the_consent(shop: Shop, change: str) -> None:
    """What a phone sends then is not even looked at; the computer asks anew."""
    agree(shop)
    link = open_link(shop)
    if change == "withdrawn":
        withdraw(shop)
    else:
        shop.extension.consent_text(lambda language: "Otherwise.")
    phone = Phone(shop.app, link["url"])
    over = (410, "handover_over")
    assert [error_of(answer) for answer in (phone.connect(), phone.send(b""))] == [over, over]
    assert error_of(shop.post("/handovers")) == REQUIRED


def test_withdrawal_deletes_what_a_phone_has_sent(shop: Shop) -> None:
    """The dialog cannot take the photo any more, whoever agrees anew."""
    agree(shop)
    link = open_link(shop)
    Phone(shop.app, link["url"]).send()
    assert state(shop, link) == "sent"
    withdraw(shop)
    agree(shop)
    assert error_of(take(shop, link)) == (410, "handover_over")


def test_withdrawal_cancels_what_waits(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A photo whose try-on has not begun is not used any more; one that is being made goes on."""
    shop = ledger_shop(
        genvoris,
        tmp_path,
        GENVORIS_CHARGING="free",
        GENVORIS_MINIMUM_AGE=16,
        GENVORIS_TRYON_CONCURRENCY=1,
    )
    working, finish, made = threading.Event(), threading.Event(), list[str]()

    @shop.extension.tryon_engine
    def make(_photo: Photo, product: Product, _shopper: Shopper | None) -> bytes:
        made.append(product.title or "")
        working.set()
        assert finish.wait(60)
        return picture("PNG")

    agree(shop)
    first = shop.tryon(product_title="First")
    assert working.wait(60)
    second = shop.tryon(product_title="Second")
    assert withdraw(shop) == 1
    assert shop.browser.get(second.headers["Location"]).status_code == 404
    finish.set()
    assert shop.finish(first)["state"] == "done"
    until(lambda: shop.state.jobs.load().unfinished == 0)
    assert made == ["First"]


def test_status_says_what_to_ask(shop: Shop) -> None:
    """The dialog learns it with everything else, and asks nobody twice."""
    status = shop.browser.get("/genvoris/status").get_json()
    assert status["consent"] == {"form": asked(shop)["form"]}
    agree(shop)
    assert shop.browser.get("/genvoris/status").get_json()["consent"] == {"form": None}


def test_every_statement_counts(shop: Shop) -> None:
    """Consent, the photo's subject and the age are ticked one by one."""
    for name in ("text", "depicted", "age"):
        for value in (False, None, "true", 1):
            change: dict[str, Any] = {name: value}
            assert error_of(agree(shop, **change)) == (400, "consent_incomplete")
    assert asked(shop)["given"] is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"language": 5}', b'{"language": "xx"}'])
def test_invalid_answers(shop: Shop, body: bytes) -> None:
    """Anything that is no answer to what was asked is refused."""
    assert error_of(shop.post("/consent", data=body)) == (400, "invalid_body")


def test_new_text_is_asked_anew(shop: Shop) -> None:
    """An old consent is not one to a new text, nor to a new version of the same text."""
    agree(shop)
    assert asked(shop)["given"]["language"] == "en"
    old = asked(shop)["form"]["hash"]
    wording = ["We use your photo.", ConsentText("We use your photo.", "2026-11"), "Otherwise."]
    for each in wording:
        shop.extension.consent_text(lambda language, each=each: each)
        assert asked(shop)["given"] is None
        assert error_of(shop.tryon()) == REQUIRED
        assert error_of(agree(shop, hash=old)) == (409, "consent_changed")
        assert agree(shop).status_code == 201
    assert asked(shop)["given"]["version"] == asked(shop)["form"]["hash"][:12]


def test_new_age_is_asked_anew(shop: Shop) -> None:
    """Who has stated to be 16 has not stated to be 18."""
    agree(shop)
    assert asked(shop)["given"]
    shop.state.settings = replace(shop.state.settings, minimum_age=18)
    assert asked(shop)["given"] is None
    assert error_of(shop.tryon()) == REQUIRED


def test_consent_in_another_language_counts(shop: Shop) -> None:
    """Whoever agreed in German is not asked again on a page in English."""
    agree(shop, "de")
    given = asked(shop, "en")["given"]
    assert given["language"] == "de"
    assert shop.tryon().status_code == 202


def test_withdrawn(shop: Shop) -> None:
    """A withdrawn consent stays on record, and a try-on needs a new one."""
    agree(shop)
    shop.genvoris.clock.now += DAY
    assert withdraw(shop) == 1
    assert withdraw(shop) == 0
    assert error_of(shop.tryon()) == REQUIRED
    consents = shop.state.consents
    assert consents is not None
    (record,) = consents.of("ada")
    assert record.withdrawn_at is not None
    assert (record.withdrawn_at - record.given_at).days == 1


def test_record(shop: Shop) -> None:
    """The record has the wording, its version, language and time, and whose it is."""
    for _repeat in range(2):
        agree(shop, "fr")
    shop.log_in(None)
    agree(shop)
    store = shop.state.consents
    assert store is not None
    hers, guests = store.all()
    assert (hers.external_id, hers.guest, hers.language) == ("ada", None, "fr")
    assert hers.digest == asked(shop, "fr")["form"]["hash"]
    assert "16 ans" in (hers.age or "")
    assert guests.external_id is None
    cookie = shop.browser.get_cookie("genvoris_guest")
    assert cookie is not None
    assert guests.guest is not None
    assert cookie.value not in guests.guest
    assert shop.tryon().status_code == 202


def test_commands_list_the_record(shop: Shop) -> None:
    """For an audit, and of one shopper."""
    agree(shop)
    shop.log_in("bob")
    agree(shop, "de")
    everybody = json.loads(run_command(shop.app, "privacy", "consents", "--json").stdout)
    assert [each["external_id"] for each in everybody] == ["ada", "bob"]
    assert everybody[0]["text"].startswith("I agree")
    bob = run_command(shop.app, "privacy", "consents", "bob").stdout
    assert "bob" in bob
    assert "ada" not in bob


def test_one_does_not_count_for_another(shop: Shop) -> None:
    """Another shopper of the same browser is asked."""
    agree(shop)
    shop.log_in("bob")
    assert error_of(shop.tryon()) == REQUIRED


def test_failing_text(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Without a text nobody can agree, so nothing is made; the log says why."""

    @shop.extension.consent_text
    def broken(language: str) -> str:
        raise RuntimeError(language)

    assert error_of(shop.tryon()) == (500, "internal_error")
    assert "@genvoris.consent_text failed" in caplog.text


def test_own_front_ends_may_ask_themselves(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shop that keeps its own records says so."""
    options: dict[str, Any] = {"GENVORIS_CHARGING": "free", "GENVORIS_PRIVACY_URL": "/privacy"}
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_REQUIRE_CONSENT=False, **options)
    assert asked(shop)["required"] is False
    assert shop.tryon().status_code == 202


def test_without_a_database(genvoris: LocalGenvoris) -> None:
    """Nothing is recorded, so nothing is required; requiring it needs a database."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_PRIVACY_URL="/privacy")
    shop.log_in()
    assert shop.browser.get("/genvoris/consent").status_code == 404
    assert shop.tryon().status_code == 202
    with pytest.raises(ConfigurationError, match="GENVORIS_DATABASE_URL"):
        Shop(genvoris, GENVORIS_REQUIRE_CONSENT=True)
