"""Pages of the demo shop and of scripted shops, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.chromium import VIEWPORTS, launch_options
from tests.support.demo import Demo, running_demo
from tests.support.pictures import picture
from tests.support.scripted_shop import ScriptedShop

expect.set_options(timeout=60_000)  # milliseconds: busy machines are slow


@pytest.fixture(scope="session")
def base_url() -> str:
    """Replace the plugin's fixture, which pytest warns about; each demo has a URL of its own."""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the Chromium that the set-up found."""
    return launch_options()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Run the demo, with fresh data."""
    with running_demo(tmp_path) as demo:
        yield demo


@pytest.fixture(params=VIEWPORTS)
def context(request: pytest.FixtureRequest, new_context: Any) -> BrowserContext:
    """Return a browser of each size."""
    opened: BrowserContext = new_context(**VIEWPORTS[request.param])
    return opened


@pytest.fixture
def desktop_page(new_context: Any) -> Page:
    """Return a page on a desktop, for tests that need one size."""
    page: Page = new_context(**VIEWPORTS["desktop"]).new_page()
    return page


@pytest.fixture
def shop(new_context: Any) -> Iterator[ScriptedShop]:
    """Return a shop whose answers the test scripts; its strict policy must hold."""
    scripted = ScriptedShop(new_context(**VIEWPORTS["desktop"]))
    yield scripted
    for page in scripted.context.pages:
        assert page.evaluate("window.violations") == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return the path of a good photo."""
    path = tmp_path / "me.jpg"
    path.write_bytes(picture("JPEG", (800, 1200)))
    return path
