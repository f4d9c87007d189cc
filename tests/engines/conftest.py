"""The same tests in Firefox and in WebKit; tests/browser has Chromium's.

ENGINES in the environment names those to run, for machines that cannot have both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser_window import DESKTOP, BrowserWindow
from tests.support.engines import running
from tests.support.pictures import picture
from tests.support.served_shop import ServedShop, served_shop

ENGINES = os.environ.get("ENGINES", "firefox webkit").split()


# Each engine is started once, by the worker that runs all of its tests.
@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ENGINES],
)
def engine(request: pytest.FixtureRequest) -> Iterator[BrowserWindow]:
    """Run an engine."""
    with running(request.param) as started:
        yield started


@pytest.fixture
def window(engine: BrowserWindow) -> Iterator[BrowserWindow]:
    """Return a window that knows nothing of earlier tests."""
    engine.resize(DESKTOP)
    yield engine
    engine.reset()


@pytest.fixture
def shop(window: BrowserWindow) -> Iterator[ServedShop]:
    """Return a shop whose answers the test scripts; its strict policy must hold."""
    with served_shop() as shop:
        yield shop
        assert window.run("return [window.violations, window.faults]") == [[], []]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return the path of a good photo."""
    path = tmp_path / "me.jpg"
    path.write_bytes(picture("JPEG", (800, 1200)))
    return path
