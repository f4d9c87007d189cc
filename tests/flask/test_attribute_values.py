"""What a template may give to the tags: lazy texts, keys, prices, dates and a shop's own types."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from babel.support import LazyProxy
from flask import Flask, render_template_string
from flask.json.provider import DefaultJSONProvider
from flask_babel import Babel, lazy_gettext

from genvoris_flask import GenvorisFlask
from tests.support.local_genvoris import API_KEY

KEY = uuid.UUID("0c5e7f1e-6a43-4f0b-9df5-0d2f4f3a2b11")
DAY = dt.date(2026, 11, 28)


class Money:
    """A type of the shop's own that no JSON provider knows."""

    def __str__(self) -> str:
        return "49,90 €"


class IsoDates(DefaultJSONProvider):
    """A shop's own JSON provider."""

    @staticmethod
    def default(o: Any) -> Any:
        return o.isoformat() if isinstance(o, dt.date) else DefaultJSONProvider.default(o)


VALUES: dict[str, Any] = {
    "lazy": lazy_gettext('Say "cheese" & <smile>'),
    "proxy": LazyProxy(lambda: "Say 'please'"),
    "key": KEY,
    "price": Decimal("49.90"),
    "day": DAY,
    "money": Money(),
    "count": 3,
    "flag": True,
}
SCALARS = {
    "lazy": 'Say "cheese" & <smile>',
    "proxy": "Say 'please'",
    "key": str(KEY),
    "price": "49.90",
    "day": "Sat, 28 Nov 2026 00:00:00 GMT",
    "money": "49,90 €",
    "count": "3",
}
IN_JSON = {**SCALARS, "count": 3, "flag": True}


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY=API_KEY)
    Babel(app)
    GenvorisFlask(app)
    with app.test_request_context():
        yield app


def attributes(page: str) -> dict[str, str]:
    """Return the attributes of the one element on a page."""
    pairs = re.findall(r' ([\w-]+)="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in pairs}


@pytest.mark.parametrize("name", SCALARS)
def test_button_attribute(app: Flask, name: str) -> None:
    """A single value is written without JSON's quotes."""
    page = "{{ genvoris_button(image='/a.png', title=v, id=v, data_own=v, class_=v) }}"
    found = attributes(render_template_string(page, v=VALUES[name]))
    assert found["data-own"] == SCALARS[name]
    assert found["class"] == f"genvoris-tryon-btn {SCALARS[name]}"
    if name != "day":  # Python's own text of a date, as it would be in any template
        assert found["data-product-title"] == found["data-product-id"] == SCALARS[name]


@pytest.mark.parametrize("name", SCALARS)
def test_widget_attribute(app: Flask, name: str) -> None:
    """The widget's tag writes them in the same way."""
    found = attributes(render_template_string("{{ genvoris_widget(own=v) }}", v=VALUES[name]))
    assert found["data-own"] == SCALARS[name]


def test_nested_values(app: Flask) -> None:
    """Lists and dicts are JSON, whatever they contain."""
    button = "{{ genvoris_button(image='/a.png', title='A', variants=[v], data_own=[v, [v]]) }}"
    found = attributes(render_template_string(button, v=VALUES))
    assert json.loads(found["data-product-variants"]) == [IN_JSON]
    assert json.loads(found["data-own"]) == [IN_JSON, [IN_JSON]]
    widget = attributes(render_template_string("{{ genvoris_widget(strings=v) }}", v=VALUES))
    assert json.loads(widget["data-strings"]) == IN_JSON


def test_undefined_is_null(app: Flask) -> None:
    """An undefined variable breaks no page, as anywhere in Jinja."""
    page = (
        "{{ genvoris_button(image='/a', title='A', variants=[{'label': nowhere, 'image': n.x}]) }}"
    )
    app.jinja_env.globals["n"] = {}
    found = attributes(render_template_string(page))
    assert json.loads(found["data-product-variants"]) == [{"label": None, "image": None}]


def test_keys_become_strings(app: Flask) -> None:
    """JSON has no other keys."""
    found = attributes(render_template_string("{{ genvoris_widget(own=v) }}", v={KEY: 1, 2: 3}))
    assert json.loads(found["data-own"]) == {str(KEY): 1, "2": 3}


def test_json_provider(app: Flask) -> None:
    """Types look in an attribute as they do in the shop's JSON responses."""
    app.json = IsoDates(app)
    page = "{{ genvoris_button(image='/a.png', title='A', data_day=d, data_days=[d]) }}"
    found = attributes(render_template_string(page, d=DAY))
    assert (found["data-day"], found["data-days"]) == ("2026-11-28", '["2026-11-28"]')


def test_lazy_label() -> None:
    """A function that is called for each page may return a string in that page's language."""
    app = Flask("shop")
    app.config.update(
        GENVORIS_API_KEY=API_KEY,
        GENVORIS_BUTTON=lambda: {"label": lazy_gettext("Try me")},
    )
    Babel(app)
    GenvorisFlask(app)
    with app.test_request_context():
        button = render_template_string("{{ genvoris_button(image='/a.png', title='A') }}")
    assert button.endswith(">Try me</button>")
