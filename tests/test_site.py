"""The documentation's site: it builds without a warning, and needs no other server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="make docs installs it")
pytest.importorskip("furo")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, where a link to nowhere is a warning."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ROOT / "docs", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_site(site: Path) -> None:
    """Each page is built, the generated parts too, and loads nothing from elsewhere."""
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    built = {page.stem: page.read_text() for page in site.glob("*.html")}
    assert pages <= set(built)
    loaded = (
        r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(?:https?:)?//'
        r'|<link\b[^>]*rel="(?:stylesheet|preload|icon)"[^>]*href="(?:https?:)?//'
    )
    assert [name for name, html in built.items() if re.search(loaded, html)] == []
    styles = [style.read_text() for style in site.rglob("*.css")]
    assert not any(re.search(r"(?:url\(|@import )['\"]?(?:https?:)?//", each) for each in styles)
    assert "GENVORIS_TRYON_CONCURRENCY" in built["settings"]
    assert 'id="genvoris_flask.GenvorisFlask.init_app"' in built["python"]
    assert 'id="genvoris_flask.errors.QuotaError"' in built["python"]


def test_links_within_the_site(site: Path) -> None:
    """Links and their anchors lead to something, those that Sphinx does not look at included."""
    html = {page.name: page.read_text() for page in site.glob("*.html")}
    anchors = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in html.items()}
    broken = set()
    for name, text in html.items():
        for target, anchor in re.findall(r'href="([\w.-]+\.html)?(?:#([^"]*))?"', text):
            page = target or name
            if page not in html or (anchor and anchor not in anchors[page]):
                broken.add(f"{name}: {target}#{anchor}")
    assert broken == set()
