"""The widget's files as browsers get them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from genvoris_flask.core.built_widget import find_folder
from genvoris_flask.errors import ConfigurationError
from tests.support.flask_shop import Shop


def test_hashed_name_is_immutable(shop: Shop) -> None:
    """Browsers keep a file under its hashed name for a year."""
    for name in ("widget.js", "design.js", "dialog.js", "tools.js", "locale-ar.js"):
        asset = shop.state.assets.by_name[name]
        response = shop.browser.get(f"/genvoris/{asset.hashed_name}")
        digest = hashlib.sha384(response.data).digest()
        assert asset.integrity == "sha384-" + base64.b64encode(digest).decode()
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.mimetype == "text/javascript"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_plain_name_is_revalidated(shop: Shop) -> None:
    """A file under its plain name is asked for each time and sent once."""
    response = shop.browser.get("/genvoris/widget.js")
    assert response.headers["Cache-Control"] == "public, no-cache"
    again = shop.browser.get(
        "/genvoris/widget.js", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("widget", "dialog"),
        ("widget", "design"),
        ("widget", "locale-en"),
        ("widget", "locale-ur"),
        ("dialog", "tools"),
    ],
)
def test_bundles_name_existing_files(shop: Shop, stage: str, name: str) -> None:
    """Each bundle names files that exist."""
    script = shop.browser.get(f"/genvoris/{stage}.js").text
    asset = shop.state.assets.by_name[f"{name}.js"]
    digest = hashlib.sha256(asset.body).digest()
    assert base64.b64encode(digest).decode() in script
    assert asset.hashed_name == f"{name}-{digest[:6].hex()}.js"  # the name that it makes of it


def test_other_versions_widget(shop: Shop) -> None:
    """A page from before an upgrade still gets a widget, which no cache keeps under that name."""
    response = shop.browser.get("/genvoris/widget-000000000000.js")
    assert response.data == shop.state.assets.widget.body
    assert response.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize(
    "name",
    ["dialog-000000000000.js", "../settings.js", "nothing.js", "widget-0.js", "src/widget.ts"],
)
def test_unknown_files(shop: Shop, name: str) -> None:
    """Any other name is refused in JSON, as on every route, and kept by no cache."""
    response = shop.browser.get(f"/genvoris/{name}")
    assert response.status_code == 404
    if not name.startswith(".."):
        assert response.get_json()["error"] == "path_not_allowed"
        assert response.headers["Cache-Control"] == "no-store"


def test_missing_files(tmp_path: Path) -> None:
    """An installation without the widget's files says so at start-up."""
    with pytest.raises(ConfigurationError, match="make widget"):
        find_folder((tmp_path,))
