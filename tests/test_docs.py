"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.settings import _CHECKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readme_lists_every_setting_and_no_other() -> None:
    assert set(re.findall(r"^\| `(GENVORIS_\w+)`", README, re.MULTILINE)) == set(_CHECKS)


def test_the_routes_are_those_that_are_written_down() -> None:
    app = Flask("shop")
    app.config["GENVORIS_API_KEY"] = "gvk_test_1"
    GenvorisFlask(app)
    text = (ROOT / "docs/http.md").read_text()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/genvoris/")]
    assert rules
    for rule in rules:
        path = rule.rule.removeprefix("/genvoris/").lstrip("/").replace("<job_id>", "ID")
        path = path.replace("<name>.js", "widget.js")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            heading = rf"^## .*`({method} )?{re.escape(path)}`"
            assert re.search(heading, text, re.MULTILINE), f"{method} {path} is not written down"


def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
