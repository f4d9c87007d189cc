"""What the shop's policy has to say of try-ons, and browsers that want not to be counted."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from flask import render_template_string

from genvoris_flask import genvoris_privacy_notice
from genvoris_flask.core.locales import LANGUAGES, direction, translate
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

EVENT = {"sessionId": "visit-1234", "eventType": "WIDGET_OPENED"}


def notice(shop: Shop, template: str = "{{ genvoris_privacy_notice() }}") -> str:
    with shop.app.test_request_context():
        return render_template_string(template)


def test_notice_follows_the_settings(genvoris: LocalGenvoris) -> None:
    """It names the shop, periods and processors as they are set."""
    shop = Shop(
        genvoris, GENVORIS_SHOP_NAME="A & B", GENVORIS_RESULT_TTL=90, GENVORIS_MINIMUM_AGE=16
    )
    text = notice(shop)
    assert "A &amp; B uses the photo" in text
    assert "after 2 minutes" in text
    assert "at least 16 years" in text
    assert "our processor Genvoris" in text
    assert "record of the text" not in text

    @shop.extension.tryon_engine
    def make(*_: object) -> bytes:
        raise NotImplementedError

    assert "made by ourselves" in notice(shop)


def test_record_of_consents(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """It says that consents are recorded where they are, which a database alone does not bring."""
    policy = {"GENVORIS_PRIVACY_URL": "/privacy"}
    assert "record of the text" in notice(ledger_shop(genvoris, tmp_path, **policy))
    assert "record of the text" not in notice(ledger_shop(genvoris, tmp_path))


def test_other_widget(genvoris: LocalGenvoris) -> None:
    """With another widget, which may send the photo as it is, it promises nothing of this one's."""
    text = notice(Shop(genvoris, GENVORIS_WIDGET_URL="https://genvoris.org/widget.js"))
    for key, words in (("metadata", "removed from the photo"), ("device", "on your own device")):
        assert words in translate(f"notice.{key}", device_days=30)
        assert words not in text


def test_own_sentences(genvoris: LocalGenvoris) -> None:
    """A shop replaces sentences or leaves them out; they are escaped."""
    shop = Shop(genvoris)
    with shop.app.test_request_context():
        found = genvoris_privacy_notice(strings={"ai": "<b>", "title": "Anprobe"}, lang="de")
    assert '<section class="genvoris-privacy" lang="de" dir="ltr"><h2>Anprobe</h2>' in found
    assert "&lt;b&gt;" in found
    assert "rights" not in notice(shop, "{{ genvoris_privacy_notice(strings={'rights': none}) }}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_language_of_the_page(genvoris: LocalGenvoris, language: str) -> None:
    """Every sentence is in the page's language, or in the one that the shop names."""
    shop = Shop(genvoris, GENVORIS_MINIMUM_AGE=16)
    with shop.app.test_request_context(headers={"Accept-Language": language}):
        found = html.unescape(genvoris_privacy_notice())
        assert found == html.unescape(genvoris_privacy_notice(lang=language))
    for key in ("title", "basis", "metadata", "ai", "rights"):
        assert translate(f"notice.{key}", language) in found
    assert translate("notice.age", language, age=16) in found
    assert f'dir="{direction(language)}"' in found


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_refuses_is_not_counted(genvoris: LocalGenvoris, header: str) -> None:
    """Events are dropped, and no cookie is set for the visit."""
    shop = Shop(genvoris)
    answer = shop.post("/api/v1/events", json=EVENT, headers={header: "1"})
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": 0})
    assert "Set-Cookie" not in answer.headers
    counted = shop.post("/api/v1/events", json=EVENT, headers={header: "0"})
    assert counted.get_json() == {"accepted": 1}
    assert "genvoris_visit" in counted.headers["Set-Cookie"]


def test_holdout(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shop with a hold-out says so, and for how long its cookie is kept."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.1)
    assert "a cookie with a random id is kept for 90 days" in notice(shop)
    assert "by chance" not in notice(Shop(genvoris))


def test_what_others_get(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """It says what Genvoris and Stripe learn of a shopper, and for how long books are kept."""
    shop = ledger_shop(
        genvoris, tmp_path, GENVORIS_KEEP_BOOKS_DAYS=4000, GENVORIS_STRIPE_WEBHOOK_SECRET="whsec_1"
    )
    text = notice(shop)
    assert "Genvoris knows you by an id of ours, by your e-mail address" in text
    assert "We and Genvoris count how the try-on is used, and whether an order follows" in text
    assert "Stripe, which gets your e-mail address" in text
    assert "keep this for 4000 days" in text
    assert "books" not in notice(Shop(genvoris))
