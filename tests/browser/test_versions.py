"""Two versions of the extension: an upgrade under an open page, and both behind one balancer."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, render_template_string
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from genvoris_flask import GenvorisFlask
from genvoris_flask.web.assets import load_assets
from genvoris_flask.web.state import get_state
from tests.support.dialog_steps import choose, dialog, expect_heading, until
from tests.support.pictures import picture
from tests.support.scripted_shop import WIDGET

PAGE = """<!doctype html><html lang="en"><title>Shirt</title><body>
{{ genvoris_button(image="/shirt.jpg", title="Shirt", id="s1") }}
<script>
window.opened = [];
window.Genvoris = [["on", "open", event => opened.push(event.detail.product.title)]];
</script>
{{ genvoris_widget() }}"""
NOW, THEN = "0.1.0", "9.9.9"
# On one worker, so that what all of these tests share is made once.
pytestmark = pytest.mark.xdist_group("widget versions")


@pytest.fixture(scope="session")
def other_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build another version of the widget: each of its files differs."""
    folder = tmp_path_factory.mktemp("other")
    source, built = folder / "source", folder / "built"
    built.mkdir()
    shutil.copytree(WIDGET, source, ignore=shutil.ignore_patterns("node_modules"))
    (source / "node_modules").symlink_to((WIDGET / "node_modules").resolve())
    main = source / "src/widget/widget.ts"
    main.write_text(main.read_text().replace(NOW, THEN))
    for name in ("dialog/tools", "dialog/main", "theme/design"):
        entry = source / f"src/{name}.ts"
        entry.write_text(f'{entry.read_text()}\nconsole.debug("{THEN}");\n')
    english = source / "src/locales/en.json"
    english.write_text(english.read_text().replace('"Try it on"', '"Try it on now"'))
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    command = ["node", "build.mjs", "--outdir", str(built)]
    subprocess.run(command, cwd=source, check=True, env={**os.environ, "PATH": path})
    return built


def shop(built: Path | None) -> Flask:
    """Make a shop for guests, with this build of the widget."""
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="s",
        GENVORIS_API_KEY="gvk_test_1",
        GENVORIS_API_URL="http://127.0.0.1:9/api/v1",
        GENVORIS_ALLOW_GUESTS=True,
        GENVORIS_BUTTON={"icon": "camera"},
    )
    GenvorisFlask(app)
    if built:
        state = replace(get_state(app), assets=load_assets(built))
        app.extensions["genvoris"] = state
    image = picture("JPEG", (300, 450))
    app.add_url_rule("/", "page", lambda: render_template_string(PAGE))
    app.add_url_rule("/shirt.jpg", "image", lambda: Response(image, mimetype="image/jpeg"))
    return app


class Balancer:
    """Sends each request to one of two versions.

    Attributes:
        turns: Which of the two is next; it may be replaced at any time.
    """

    def __init__(self, built: Path) -> None:
        self._apps = (shop(None), shop(built))
        self.turns: Iterator[int] = itertools.repeat(0)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._lock:
            turn = next(self.turns)
        return self._apps[turn](environ, start_response)

    def upgrade(self) -> None:
        """Answer with the other version from now on."""
        self.turns = itertools.repeat(1)


@pytest.fixture
def balancer(other_build: Path) -> Balancer:
    return Balancer(other_build)


@pytest.fixture
def page(balancer: Balancer, desktop_page: Page) -> Iterator[Page]:
    """Open the shop's page, rendered by the first version."""
    server = make_server("127.0.0.1", 0, balancer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    desktop_page.goto(f"http://127.0.0.1:{server.server_port}/")
    until(desktop_page, lambda: version(desktop_page))
    yield desktop_page
    desktop_page.close()
    server.shutdown()
    thread.join()
    server.server_close()


def version(page: Page) -> str | None:
    found: str | None = page.evaluate("window.Genvoris?.version")
    return found


def click(page: Page, heading: str = "Try it on now") -> None:
    page.get_by_role("button", name="Try it on").click()
    expect_heading(page, heading)


def test_open_tab(page: Page, balancer: Balancer) -> None:
    """The click is answered by the new version, and the page's listeners hear of it once."""
    page.evaluate("window.kept = Genvoris; Genvoris.update({primaryColor: '#0000ff'})")
    balancer.upgrade()
    click(page)
    assert version(page) == THEN
    assert page.evaluate("window.opened") == ["Shirt"]
    assert page.locator("genvoris-dialog").count() == 1
    main = dialog(page).locator("button.primary").first
    assert main.evaluate("b => getComputedStyle(b).getPropertyValue('--primary')") == "rgb(0 0 255)"
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Try it on")).to_be_focused()
    expect(page.get_by_role("button", name="Try it on")).not_to_have_attribute("aria-busy", "true")
    page.evaluate("window.kept.openTryOn({productImages: ['/b.png'], productTitle: 'Kept'})")
    expect(dialog(page)).to_contain_text("Kept")
    assert page.evaluate("window.opened") == ["Shirt", "Kept"]


def test_photo_after_upgrade(page: Page, balancer: Balancer, photo: Path) -> None:
    """The new version continues with the photo when the old one's tools are gone."""
    click(page, "Try it on")
    balancer.upgrade()
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    assert version(page) == THEN
    expect(dialog(page)).to_contain_text("Shirt")
    assert page.locator("genvoris-dialog").count() == 1


def test_cached_page(page: Page, balancer: Balancer) -> None:
    """The tag names the old version's file, but the server returns the new one."""
    html = page.request.get(page.url).text()
    balancer.upgrade()
    page.route("**/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    with page.expect_response("**/genvoris/widget-*.js") as asked:
        page.reload()
    assert asked.value.url.split("/")[-1] in html
    until(page, lambda: version(page))
    assert version(page) == THEN
    click(page)


@pytest.mark.parametrize(
    "turns", [(0, 1), (1, 0), (0, 0, 1), (1, 1, 0), (0, 0, 1, 1), (1, 0, 0, 1, 0, 1, 1)]
)
def test_two_versions_behind_one_balancer(
    page: Page, balancer: Balancer, photo: Path, turns: tuple[int, ...]
) -> None:
    """Whichever server answers, the files of one version are found, and fit together."""
    balancer.turns = itertools.cycle(turns)
    page.reload()
    until(page, lambda: version(page))
    page.get_by_role("button", name="Try it on").click()
    expect(dialog(page)).to_be_visible()
    title = {NOW: "Try it on", THEN: "Try it on now"}
    expect_heading(page, title[version(page) or ""])
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    expect(page.locator(".genvoris-tryon-btn svg")).to_have_count(1)


def test_no_server(page: Page) -> None:
    """A failed handover is tried again at the next click, and nothing runs twice."""
    page.route("**/genvoris/*.js", lambda route: route.abort())
    button = page.get_by_role("button", name="Try it on")
    button.click()
    expect(button).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("genvoris-dialog")).to_have_count(0)
    page.unroute("**/genvoris/*.js")
    click(page, "Try it on")
    assert version(page) == NOW
    assert page.evaluate("window.opened") == ["Shirt"]


def test_failed_handover_is_forgotten(page: Page, photo: Path) -> None:
    """A photo that no version can take is not tried again when the widget loads something."""
    click(page, "Try it on")
    page.route("**/genvoris/*.js", lambda route: route.abort())
    choose(page, photo)
    expect(dialog(page).get_by_role("alert")).to_contain_text("You are offline")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    page.evaluate("Genvoris.update({})")
    page.evaluate("new Promise(resolve => setTimeout(resolve))")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate("window.opened") == ["Shirt"]
