"""The button's design on a page, from a dict or from a function of the shop."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import request

from genvoris_flask import genvoris_button
from tests.support.flask_shop import Shop, read_tag
from tests.support.local_genvoris import LocalGenvoris

number = itertools.count()


def test_dict(genvoris: LocalGenvoris) -> None:
    """A dict reaches button and tag without any inline style."""
    shop = Shop(genvoris, GENVORIS_BUTTON={"label": "Try <me>", "borderRadius": 8, "icon": "wand"})
    page = shop.browser.get("/product").text
    attributes = read_tag(page)
    assert attributes["data-button-label"] == "Try <me>"
    assert attributes["data-button-border-radius"] == "8"
    assert attributes["data-button-icon"] == "wand"
    button = shop.button()
    assert ">Try &lt;me&gt;</button>" in button
    assert "style" not in page + button


def test_no_design(shop: Shop) -> None:
    """Without a design the button has its default label."""
    attributes = read_tag(shop.browser.get("/product").text)
    assert not [name for name in attributes if name.startswith("data-button-")]
    assert shop.button().endswith(">Try it on</button>")


def test_template_label_wins(genvoris: LocalGenvoris) -> None:
    """The template's label takes precedence."""
    shop = Shop(genvoris, GENVORIS_BUTTON={"label": "Design"})
    assert shop.button(label="Template").endswith(">Template</button>")


def test_template_attribute_wins(genvoris: LocalGenvoris) -> None:
    """The template's attribute takes precedence."""
    shop = Shop(genvoris, GENVORIS_BUTTON={"icon": "eye"})
    shop.options = {"button_icon": "shirt"}
    assert read_tag(shop.browser.get("/product").text)["data-button-icon"] == "shirt"


def test_card(genvoris: LocalGenvoris, shop: Shop) -> None:
    """A card's button is marked, and omitted if the design says so."""
    assert "data-genvoris-card" in shop.button(card=True)
    assert "data-genvoris-card" not in shop.button()
    quiet = Shop(genvoris, GENVORIS_BUTTON={"showOnCards": False})
    assert quiet.button(card=True) == ""
    assert "<button" in quiet.button()


def test_function_per_request(
    genvoris: LocalGenvoris,
) -> None:
    """A function is called once for each request, which it may look at."""
    asked = []

    def design() -> dict[str, Any]:
        asked.append(request.path)
        return {"label": request.args.get("label", "Default")}

    shop = Shop(genvoris, GENVORIS_BUTTON=design)
    assert read_tag(shop.browser.get("/product?label=One").text)["data-button-label"] == "One"
    assert read_tag(shop.browser.get("/product?label=Two").text)["data-button-label"] == "Two"
    assert len(asked) == 2
    with shop.app.test_request_context("/cards"):
        for _ in range(20):
            genvoris_button(image="/a.png", title="Shirt")
    assert asked[2:] == ["/cards"]


def test_requests_in_one_app_context(genvoris: LocalGenvoris) -> None:
    """Tests of a shop often hold one app context for several requests."""
    shop = Shop(genvoris, GENVORIS_BUTTON=lambda: {"label": request.args["label"]})
    with shop.app.app_context():
        for label in ("One", "Two"):
            page = shop.browser.get(f"/product?label={label}").text
            assert read_tag(page)["data-button-label"] == label


def failing() -> dict[str, Any]:
    raise LookupError(f"the shop's own fault {next(number)}")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: {"borderRadius": 99}, "borderRadius"),
        (lambda: None, "must be a dict"),
        (lambda: {"label": "x" * 50}, "1 to 20 characters"),
        (failing, "LookupError"),
    ],
)
def test_bad_design_is_logged_once(
    genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture, answer: Any, told: str
) -> None:
    """The page is sent with the default button."""
    shop = Shop(genvoris, GENVORIS_BUTTON=answer)
    for _ in range(3):
        response = shop.browser.get("/product")
        assert response.status_code == 200
        assert not [name for name in read_tag(response.text) if name.startswith("data-button-")]
    assert ">Try it on</button>" in shop.button()
    assert len(caplog.records) == 1
    assert told in caplog.text
    assert "GENVORIS_BUTTON" in caplog.text
