"""The console's pages "Set-up": what they show, what they change, and what they never say."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from flask import session
from werkzeug.test import TestResponse

from genvoris_flask.settings.changeable import CHANGEABLE
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.unit.test_changeable_settings import VALUES

PAGES = ("", "/charging", "/button", "/texts", "/limits", "/products", "/export", "/button/preview")
# What each kind of setting has in its form.
FORMS = {
    "GENVORIS_PACKS": {"packs_try_ons": "1", "packs_price": "0.99 €"},
    "GENVORIS_CREDITS": {"credits": "2", "credits_per": "per_item"},
    "GENVORIS_BUTTON": {"button_label": "Anprobieren", "button_showOnCards": "yes"},
}
EMPTY_PACK = {"packs_title": "", "packs_external_price_id": ""}


class Console:
    """The console of a shop, as its owner uses it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.extension.console_access(lambda: session.get("user") == "fen")
        shop.log_in("fen")

    def get(self, path: str = "", **query: Any) -> str:
        answer = self.shop.browser.get(f"/genvoris/console/setup{path}", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self.shop.browser.post(
            f"/genvoris/console/setup{path}", data=fields, headers=SAME_ORIGIN
        )

    def form(self, path: str) -> dict[str, Any]:
        """Return what a browser would send of a page's form if nothing was typed."""
        text = self.get(path).split('<form method="post" class="sheet"')[1].split("</form>")[0]
        fields: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", text):
            attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if attributes.get("type") == "checkbox" and " checked" not in tag:
                continue
            value = html.unescape(attributes.get("value", ""))
            fields.setdefault(attributes["name"], []).append(value)
        for name, options in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', text, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', options)
            first = re.search(r'value="([^"]*)"', options)
            found = chosen or first
            assert found
            fields[name] = [found[1]]
        return fields


@pytest.fixture
def console(genvoris: LocalGenvoris, tmp_path: Path) -> Console:
    return Console(ledger_shop(genvoris, tmp_path))


def typed(key: str) -> dict[str, Any]:
    """Return what is typed into a page's form for a setting's example."""
    declared, value = CHANGEABLE[key], VALUES[key][0]
    if key in FORMS:
        return FORMS[key]
    if declared.kind == "flag":
        return {declared.name: "yes" if value else []}
    return {declared.name: value if isinstance(value, list) else str(value)}


def test_each(console: Console) -> None:
    """Each setting can be changed on its page, and be returned to what ``app.config`` says."""
    console.post("/charging", **console.form("/charging"))
    for key, declared in CHANGEABLE.items():
        before = getattr(console.shop.state.settings, declared.name)
        path = f"/{declared.group}"
        saved = console.post(path, **{**console.form(path), **typed(key)})
        assert saved.status_code == 303, (key, saved.text)
        expected = declared.check(VALUES[key][0])
        assert getattr(console.shop.state.settings, declared.name) == expected, key
        live = console.shop.state.live
        assert live is not None
        assert live.table.read().values.keys() == {key}, "what was not typed stays as it is"
        assert "Changed here." in console.get(path)
        assert console.post(path, **console.form(path)).status_code == 303
        assert live.table.read().values.keys() == {key}
        assert console.post(path, reset=key).status_code == 303
        assert getattr(console.shop.state.settings, declared.name) == before, key


def test_wrong(console: Console) -> None:
    """A wrong value is refused with words beside its field, and what was typed stays there."""
    for key, declared in CHANGEABLE.items():
        value = VALUES[key][1]
        if declared.kind in ("flag", "packs", "credits", "button") or not str(value).strip():
            continue
        path = f"/{declared.group}"
        answer = console.post(path, **{**console.form(path), declared.name: value})
        assert answer.status_code == 422, key
        field = answer.text.split(f'name="{declared.name}"')[1]
        assert f'id="{declared.name}-problem"' in answer.text, key
        assert str(html.escape(str(value))) in answer.text or isinstance(value, list), key
        assert field
    live = console.shop.state.live
    assert live is not None
    assert not live.table.read().values
