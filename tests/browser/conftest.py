"""Pages of the demo shop and of scripted shops, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.support.chromium import VIEWPORTS, SharedContext, launch_options, whole_browser_options
from tests.support.demo import Demo, restore_shoppers, running_demo
from tests.support.pictures import picture
from tests.support.scripted_shop import ORIGIN, ScriptedShop

expect.set_options(timeout=60_000)  # milliseconds: busy machines are slow


@pytest.fixture(scope="session")
def base_url() -> str:
    """Replace the plugin's fixture, which pytest warns about; each demo has a URL of its own."""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the Chromium that the set-up found."""
    return launch_options()


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Show pages without motion: drawing its frames on the processor would take most time."""
    return {"reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo for many tests."""
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def demo(running: Demo) -> Demo:
    """Return the demo, whose shoppers have as many try-ons as at its start."""
    restore_shoppers(running)
    return running


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[Demo]:
    """Run a demo of its own, for tests that change more than shoppers' quotas."""
    with running_demo(tmp_path) as demo:
        yield demo


@pytest.fixture(params=VIEWPORTS)
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser of each size, with motion."""
    opened = browser.new_context(**VIEWPORTS[request.param])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> SharedContext:
    """Return the context of the tests of scripted shops."""
    return SharedContext(browser, f"{ORIGIN}/open")


@pytest.fixture(scope="session")
def served_context(browser: Browser) -> SharedContext:
    """Return the context of the tests whose pages a server sends."""
    return SharedContext(browser, "http://127.0.0.1:9/open")


@pytest.fixture
def desktop_page(served_context: SharedContext) -> Iterator[Page]:
    """Return a page on a desktop, for tests that need one size."""
    yield served_context.context.new_page()
    served_context.clear()


@pytest.fixture
def shop(shared_context: SharedContext) -> Iterator[ScriptedShop]:
    """Return a shop whose answers the test scripts; its strict policy must hold."""
    yield ScriptedShop(shared_context.context)
    violations = [page.evaluate("window.violations") for page in shared_context.pages()]
    shared_context.clear()
    assert not any(violations)


@pytest.fixture(scope="session")
def whole_browser(browser_type: BrowserType) -> Iterator[Browser]:
    """Run a browser with a camera and a back/forward cache, which Playwright disables."""
    browser = browser_type.launch(
        **whole_browser_options(), ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return the path of a good photo."""
    path = tmp_path / "me.jpg"
    path.write_bytes(picture("JPEG", (800, 1200)))
    return path
