"""The nonce of a Content-Security-Policy, with the recipes of docs/csp.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from genvoris_flask import GenvorisFlask
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

PAGE_OF_RECIPES = (Path(__file__).parents[2] / "docs/csp.md").read_text()
RECIPES = re.findall(
    r"```python\n((?:(?!```).)*GENVORIS_CSP_NONCE(?:(?!```).)*)```", PAGE_OF_RECIPES, re.DOTALL
)
PAGE = "<html><body>{{ genvoris_widget() }}</body></html>"


@pytest.mark.parametrize("setup_first", [True, False], ids=["before us", "after us"])
@pytest.mark.parametrize("recipe", RECIPES, ids=["Flask-Talisman", "by hand"])
def test_nonce_of_the_header(recipe: str, setup_first: bool) -> None:
    """Each recipe works, and gives each page another nonce."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY=API_KEY)
    app.add_url_rule("/", "page", lambda: render_template_string(PAGE))
    setting, setup = recipe, ""
    if "Talisman(" in recipe:
        setting, setup = recipe.split("Talisman(\n")
        setup = f"Talisman(\n{setup}"
    names = {"app": app}
    if setup_first:
        exec(setting + setup, names)
    else:
        exec(setting, names)
    GenvorisFlask(app)
    if not setup_first:
        exec(setup, names)
    nonces = set()
    for _ in range(2):
        answer = app.test_client().get("/", base_url="https://shop.example")
        given = re.search(r'nonce="([^"]+)"', answer.text)
        assert given
        assert f"'nonce-{given[1]}'" in answer.headers["Content-Security-Policy"]
        nonces.add(given[1])
    assert len(nonces) == 2


def test_failing_function(genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture) -> None:
    """The page is sent without a nonce, and the log says so once."""

    def broken() -> str:
        raise AttributeError("csp_nonce")

    shop = Shop(genvoris, GENVORIS_CSP_NONCE=broken)
    for _ in range(2):
        answer = shop.browser.get("/product")
        assert answer.status_code == 200
        assert "nonce" not in answer.text
    assert caplog.text.count("The GENVORIS_CSP_NONCE function failed") == 1


def test_no_nonce(genvoris: LocalGenvoris) -> None:
    """A request without a nonce of its own, as Flask-Talisman's may be, has no empty one."""
    shop = Shop(genvoris, GENVORIS_CSP_NONCE=lambda: "")
    assert "nonce" not in shop.browser.get("/product").text
