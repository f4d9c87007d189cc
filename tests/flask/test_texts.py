"""The shop's own wording, GENVORIS_TEXTS, on pages and in answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jinja2.utils import htmlsafe_json_dumps

from tests.support.flask_shop import Shop, read_tag
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

TEXTS = {
    "de": {
        "title": 'Jetzt "anprobieren" <b>',
        "tipWhole": "Ganz ins Bild",
        "action.try_on": "Auf mich",
        "action.offer": "Abos ansehen",
        "paywall.no_plan.title": "Erst anprobieren",
        "consent.text": "Ich erlaube es {shop}.",
        "action.login": "Hier entlang",
        "option.checkout": "Einzeln",
        "paywall.guest_limit.title": "Bis morgen",
        "paywall.credit_limit_reached.title": "Kurze Pause",
    },
    "fr": {"title": "Essayez-le"},
}
GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def texts_shop(genvoris: LocalGenvoris) -> Shop:
    return Shop(genvoris, GENVORIS_TEXTS=TEXTS)


def strings(shop: Shop) -> Any:
    """Return the texts in the tag of a page."""
    return json.loads(str(read_tag(shop.browser.get("/product").text).get("data-strings", "null")))


def test_tag(texts_shop: Shop, shop: Shop) -> None:
    """The tag has the dialog's texts in all languages, whatever the page's is."""
    own = {"de": {"title": TEXTS["de"]["title"]}, "fr": TEXTS["fr"]}
    assert strings(texts_shop) == own
    assert strings(shop) is None


GIVEN = {"close": '"x" & y', "de": {"close": "Zu"}}


@pytest.mark.parametrize("given", [GIVEN, json.dumps(GIVEN), htmlsafe_json_dumps(GIVEN)])
def test_template(texts_shop: Shop, given: object) -> None:
    """A template's own strings, also as JSON, are added and take precedence."""
    texts_shop.options = {"strings": given}
    assert strings(texts_shop) == {
        "close": '"x" & y',
        "de": {"title": TEXTS["de"]["title"], "close": "Zu"},
        "fr": TEXTS["fr"],
    }


@pytest.mark.parametrize("given", ["{", "[]", "null"])
def test_template_without_strings(texts_shop: Shop, given: str) -> None:
    """What is no object is written as it is, so that the widget can say so."""
    texts_shop.options = {"strings": given}
    assert read_tag(texts_shop.browser.get("/product").text).get("data-strings") == given


def test_button(genvoris: LocalGenvoris, texts_shop: Shop) -> None:
    """The button's label follows the language that the template names."""
    assert texts_shop.button(language="de-AT").endswith(">Auf mich</button>")
    assert texts_shop.button(language="de", label="Los").endswith(">Los</button>")
    assert texts_shop.button(language="fr").endswith(">Essayer</button>")
    assert texts_shop.button(language="nl").endswith(">Try it on</button>")
    assert texts_shop.button().endswith(">Try it on</button>")
    designed = Shop(genvoris, GENVORIS_TEXTS=TEXTS, GENVORIS_BUTTON={"label": "Design"})
    assert designed.button(language="de").endswith(">Auf mich</button>")
    assert designed.button(language="fr").endswith(">Design</button>")


def test_paywall(texts_shop: Shop) -> None:
    """A paywall has the shop's own words in the dialog's language."""
    texts_shop.log_in("ada")
    for language, title, label in (
        ("de", "Erst anprobieren", "Abos ansehen"),
        ("en", "Try it on before you buy", "See plans"),
    ):
        texts_shop.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        paywall = texts_shop.browser.get("/genvoris/status").get_json()["paywall"]
        assert paywall["title"] == title
        assert paywall["action_label"] == label


def status(shop: Shop) -> dict[str, Any]:
    """Return what a German dialog is told."""
    found: dict[str, Any] = shop.browser.get("/genvoris/status", headers=GERMAN).get_json()
    return found


def test_limits(genvoris: LocalGenvoris, texts_shop: Shop) -> None:
    """So have the log-in, what a day allows, and a pause."""
    assert status(texts_shop)["options"][0]["title"] == "Hier entlang"
    limits = {"GENVORIS_ALLOW_GUESTS": True, "GENVORIS_GUEST_TRYONS_PER_DAY": 1}
    shop = Shop(genvoris, GENVORIS_TEXTS=TEXTS, **limits)
    assert shop.tryon().status_code == 202
    paywall = shop.tryon(headers=GERMAN).get_json()["paywall"]
    assert (paywall["title"], paywall["action_label"]) == ("Bis morgen", "Hier entlang")
    budget = Shop(genvoris, GENVORIS_TEXTS=TEXTS, GENVORIS_SHOP_TRYONS_PER_DAY=1, **limits)
    assert budget.tryon().status_code == 202
    assert budget.tryon(headers=GERMAN).get_json()["paywall"]["title"] == "Kurze Pause"


def test_options(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """So have the ways to go on."""
    packs = [{"try_ons": 1, "price": "1 €", "external_price_id": "one"}]
    config = {"GENVORIS_CHARGING": "pay_per_use", "GENVORIS_PACKS": packs}
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_TEXTS=TEXTS, **config)
    shop.extension.checkout(lambda *_args: "/pay")
    shop.log_in("ada")
    assert [each["title"] for each in status(shop)["paywall"]["options"]] == ["Einzeln"]


def test_phone(texts_shop: Shop) -> None:
    """The phone's page has the texts of its own language."""
    page = texts_shop.browser.get("/genvoris/phone?lang=de").text
    assert "Ganz ins Bild" in page
    assert "Essayez-le" not in page
    assert "data-strings" not in texts_shop.browser.get("/genvoris/phone?lang=es").text


def test_consent(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A new wording of the consent is another one, so that it is asked for anew."""
    forms = []
    for name, texts in (("usual", {}), ("own", TEXTS)):
        (tmp_path / name).mkdir()
        config = {"GENVORIS_REQUIRE_CONSENT": True, "GENVORIS_SHOP_NAME": "Ada"}
        shop = ledger_shop(genvoris, tmp_path / name, GENVORIS_TEXTS=texts, **config)
        shop.log_in("ada")
        answer = shop.browser.get("/genvoris/consent", headers=GERMAN).get_json()
        forms.append(answer["form"])
    usual, own = forms
    assert own["text"] == "Ich erlaube es Ada."
    assert own["depicted"] == usual["depicted"]
    assert own["hash"] != usual["hash"]
