"""docs/languages.md, followed with a made-up language that runs from right to left."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core import locales
from genvoris_flask.web import assets
from tests.support.widget_build import WIDGET, build

CODE = "qq"


def made_up(sentence: Any) -> Any:
    """Return a sentence with its placeholders, in words that no other language has."""
    if isinstance(sentence, dict):
        return {form: made_up(text) for form, text in sentence.items()}
    return f"⟦{sentence}⟧"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return the folder of a widget that was built with the language (steps 1 to 3 and 5)."""
    copy = tmp_path / "widget"
    shutil.copytree(WIDGET, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(WIDGET / "node_modules")
    for folder in (copy / "src/locales", copy / "src/locales/phone"):
        english = json.loads((folder / "en.json").read_text())
        sentences = {key: made_up(text) for key, text in english.items()}
        (folder / f"{CODE}.json").write_text(json.dumps(sentences, ensure_ascii=False))
    strings = copy / "src/locales/strings.ts"
    known = 'RIGHT_TO_LEFT = ["ar", "ur"'
    assert known in strings.read_text()
    strings.write_text(strings.read_text().replace(known, f'{known}, "{CODE}"'))
    into = tmp_path / "built"
    into.mkdir()
    done: subprocess.CompletedProcess[str] = build(copy, into)
    assert done.returncode == 0, done.stderr
    return into


def test_new_language(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The widget knows it, the phone's page uses it, and the backend answers in it."""
    english = locales.LANGUAGES["en"]
    sentences = {key: made_up(text) for key, text in english.items()}
    monkeypatch.setattr(locales, "LANGUAGES", {**locales.LANGUAGES, CODE: sentences})
    monkeypatch.setattr(locales, "RIGHT_TO_LEFT", (*locales.RIGHT_TO_LEFT, CODE))
    files = assets.load_assets(built)
    monkeypatch.setattr(assets, "load_assets", lambda: files)

    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY="gvk_test_1", GENVORIS_ALLOW_GUESTS=True)
    GenvorisFlask(app)
    browser = app.test_client()
    assert f"locale-{CODE}" in browser.get("/genvoris/widget.js").text
    assert f"⟦{json.loads((WIDGET / 'src/locales/en.json').read_text())['title']}⟧" in (
        browser.get(f"/genvoris/locale-{CODE}.js").text
    )
    page = browser.get(f"/genvoris/phone?lang={CODE}").text
    assert f'<html lang="{CODE}" dir="rtl">' in page
    found = re.search(rf'src="(/genvoris/phone-{CODE}-[0-9a-f]+\.js)"', page)
    assert found
    assert "⟦Take your photo⟧" in browser.get(found[1]).text
    error = browser.post("/genvoris/session", headers={"Accept-Language": CODE}).get_json()
    assert error["detail"] == f"⟦{english['cross_origin']}⟧"


def test_languages_are_those_of_the_files() -> None:
    """The dialog, the phone's page and the backend have the same languages."""
    folder = WIDGET / "src/locales"
    dialog = {file.stem for file in folder.glob("*.json")}
    assert dialog == {file.stem for file in (folder / "phone").glob("*.json")}
    assert dialog == set(locales.LANGUAGES)
    strings = (folder / "strings.ts").read_text()
    assert f"RIGHT_TO_LEFT = {json.dumps(locales.RIGHT_TO_LEFT)}" in strings
