"""A shop without try-on: switched off, or never set up."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask, render_template, render_template_string

from genvoris_flask import GenvorisFlask, Shopper, genvoris_button, genvoris_widget
from genvoris_flask.errors import ConfigurationError
from tests.support.cli import run_command

PAGE = "<h1>Shirt</h1>{{ genvoris_button(image='/a.png', title='Shirt') }}{{ genvoris_widget() }}"
MACRO = "{% macro card(p) %}<b>{{ p }}</b>{{ genvoris_button(image=p, title=p) }}{% endmacro %}"
CARDS = "{% from 'macros.html' import card %}{{ card('Tee') }}"


def make_shop(genvoris: GenvorisFlask, tmp_path: Any = None, **config: Any) -> Flask:
    """Return a shop with a product page and a checkout, before ``init_app``."""
    app = Flask("shop", template_folder=str(tmp_path) if tmp_path else None)
    app.config.update(SECRET_KEY="s", **config)
    app.add_url_rule("/shirt", "shirt", lambda: render_template_string(PAGE))

    @app.post("/checkout")
    def checkout() -> str:
        genvoris.conversion(1, 4990, session_id=genvoris.widget_session_id)
        genvoris.returned(1, 100)
        genvoris.forget(Shopper("ada"))
        return "Thank you"

    return app


@pytest.fixture
def switched_off() -> tuple[Flask, GenvorisFlask]:
    genvoris = GenvorisFlask()
    app = make_shop(genvoris, GENVORIS_ENABLED=False)
    genvoris.init_app(app)
    return app, genvoris


def test_pages_and_checkout_work(
    switched_off: tuple[Flask, GenvorisFlask],
) -> None:
    """The tags are empty, the routes are not there, and the checkout works."""
    browser = switched_off[0].test_client()
    assert browser.get("/shirt").text == "<h1>Shirt</h1>"
    assert browser.post("/checkout").text == "Thank you"
    assert browser.get("/genvoris/status").status_code == 404


def test_calls_are_logged_at_debug(
    switched_off: tuple[Flask, GenvorisFlask], caplog: pytest.LogCaptureFixture
) -> None:
    """Each call that does nothing is one debug line."""
    app, genvoris = switched_off
    caplog.set_level(logging.DEBUG, "genvoris_flask")
    app.test_client().get("/shirt")
    app.test_client().post("/checkout")
    with app.app_context():
        assert genvoris.billing.activate("ada", price_id="price_1") is None
        assert genvoris.client.customers.usage("ada") is None
        assert genvoris.billing.sync_plans() == []
        assert genvoris.billing.known_prices() == set()
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    for call in (
        "genvoris_button()",
        "genvoris_widget()",
        "genvoris.conversion()",
        "genvoris.returned()",
        "genvoris.forget()",
        "genvoris.billing.activate()",
        "genvoris.billing.sync_plans()",
        "genvoris.client.customers.usage()",
    ):
        assert f"{call} does nothing" in caplog.text


def test_stripe_keeps_events(switched_off: tuple[Flask, GenvorisFlask]) -> None:
    """A view for Stripe's events answers 503, so that they are delivered again."""
    app, genvoris = switched_off
    app.add_url_rule(
        "/stripe", "stripe", lambda: genvoris.billing.stripe_webhook(), methods=["POST"]
    )
    answer = app.test_client().post("/stripe", json={})
    assert (answer.status_code, answer.get_json()["error"]) == (503, "not_configured")


def test_commands(switched_off: tuple[Flask, GenvorisFlask]) -> None:
    """``check`` succeeds; a command that needs Genvoris ends with a sentence."""
    checked = run_command(switched_off[0], "check")
    assert checked.exit_code == 0
    assert "switched off" in checked.output
    listed = run_command(switched_off[0], "plans", "list")
    assert listed.exit_code == 1
    assert "GENVORIS_ENABLED" in listed.stderr


@pytest.mark.parametrize("word", ["false", "0", "off", "No"])
def test_environment_variable(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENVORIS_ENABLED may come from the environment, as a word."""
    monkeypatch.setenv("GENVORIS_ENABLED", word)
    genvoris = GenvorisFlask()
    app = make_shop(genvoris)
    genvoris.init_app(app)
    assert app.test_client().get("/shirt").text == "<h1>Shirt</h1>"


def test_other_settings_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting does not keep anybody from switching try-on off."""
    monkeypatch.setenv("GENVORIS_SESSION_TTL", "soon")
    genvoris = GenvorisFlask()
    app = make_shop(genvoris, GENVORIS_ENABLED="off", GENVORIS_PAGE_BUGDET=1, GENVORIS_API_KEY="x")
    genvoris.init_app(app)
    assert app.test_client().get("/shirt").text == "<h1>Shirt</h1>"


def test_misspelt_variable_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A variable that resembles a setting is one warning at start-up."""
    monkeypatch.setenv("GENVORIS_PAGE_BUGDET", "1")
    genvoris = GenvorisFlask()
    genvoris.init_app(make_shop(genvoris, GENVORIS_API_KEY="gvk_test_1"))
    assert caplog.text.count("GENVORIS_PAGE_BUGDET") == 1


def test_no_init_app(caplog: pytest.LogCaptureFixture) -> None:
    """A shop that calls ``init_app`` only with a key gets a warning for each call, once."""
    genvoris = GenvorisFlask()
    app = make_shop(genvoris)
    for _ in range(2):
        assert app.test_client().get("/shirt").text == "<h1>Shirt</h1>"
        assert app.test_client().post("/checkout").text == "Thank you"
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 5
    assert all("GENVORIS_ENABLED = False" in text for text in warned)
    with app.app_context():
        assert genvoris_button(image="/a.png", title="A") == ""


def test_no_init_app_with_macros(tmp_path: Any) -> None:
    """Flask gives macros no context; they find the tags nevertheless."""
    (tmp_path / "macros.html").write_text(MACRO)
    (tmp_path / "cards.html").write_text(CARDS)
    app = make_shop(GenvorisFlask(), tmp_path)
    app.add_url_rule("/cards", "cards", lambda: render_template("cards.html"))
    assert app.test_client().get("/cards").text == "<b>Tee</b>"


def test_no_init_app_billing_raises() -> None:
    """Billing raises, so that no sale is lost silently."""
    genvoris = GenvorisFlask()
    with make_shop(genvoris).app_context(), pytest.raises(RuntimeError, match="init_app"):
        genvoris.billing.activate("ada", price_id="price_1")


def test_imported_tags_are_empty() -> None:
    """Tags that a view calls itself are empty where try-on is not set up."""
    with make_shop(GenvorisFlask()).test_request_context():
        assert genvoris_widget() == ""


@pytest.mark.parametrize("config", [{"TESTING": True}, {"DEBUG": True}])
def test_missing_key_in_development(config: dict[str, bool]) -> None:
    """In tests and while debugging, the switch and the sandbox are named."""
    with pytest.raises(ConfigurationError, match=r"GENVORIS_ENABLED = False.*genvoris sandbox"):
        GenvorisFlask(make_shop(GenvorisFlask(), **config))


def test_missing_key_in_production() -> None:
    """A live shop is only told where to find its key."""
    with pytest.raises(ConfigurationError) as caught:
        GenvorisFlask(make_shop(GenvorisFlask()))
    assert "sandbox" not in str(caught.value)


@pytest.mark.parametrize("name", ["client", "billing", "forget"])
def test_call_without_an_app_says_what_to_do(name: str) -> None:
    """Flask's own message does not name the call."""
    with pytest.raises(RuntimeError, match=rf"genvoris\.{name}\b.*`with app\.app_context\(\):`"):
        getattr(GenvorisFlask(), name)(Shopper("ada"))
