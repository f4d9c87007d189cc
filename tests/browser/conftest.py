"""The demo shop and its local Genvoris as real processes, and a real Chromium."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.support.chromium import launch_options
from tests.support.pictures import picture
from tests.support.scripted_shop import ScriptedShop

ROOT = Path(__file__).parent.parent.parent
VIEWPORTS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}


@pytest.fixture(scope="session")
def base_url() -> str:
    """Stand in for the plugin's own, which pytest warns about; each test has a demo of its own."""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the Chromium that the set-up found."""
    return launch_options()


@dataclass
class Demo:
    """The running demo."""

    url: str
    sandbox_url: str
    log: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Start the demo as ``make demo`` does, with fresh data."""
    log = tmp_path / "demo.log"
    ports = ["--port", str(free_port()), "--sandbox-port", str(free_port())]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples/demo_shop/run.py"), *ports],
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=tmp_path,
        )
        try:
            text = read_greeting(process)
            with log.open("ab") as also:
                also.write(text.encode())
            urls = re.findall(r"http://127\.0\.0\.1:\d+", text)
            yield Demo(urls[0], urls[1], log, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def read_greeting(process: subprocess.Popen[bytes]) -> str:
    """Read what the demo prints when it is ready."""
    assert process.stdout
    text = ""
    while "Ctrl-C" not in text:
        line = process.stdout.readline()
        assert line, f"the demo did not start: {text}"
        text += line.decode()
    return text


expect.set_options(timeout=60_000)  # milliseconds: a busy machine takes its time


@dataclass
class Watched:
    """What a browser saw: every answer's text, every complaint of its console."""

    page: Page
    bodies: dict[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("requestfinished", lambda request: self._keep(request.response()))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._listen(message.type, message.text))

    def _keep(self, response: Response | None) -> None:
        if response is None or response.status in (204, 302, 304):
            return
        head = str(response.headers).encode()
        self.bodies[f"{len(self.bodies)} {response.url}"] = head + response.body()

    def _listen(self, kind: str, text: str) -> None:
        # Refusals that a test provokes on purpose are no faults of the page.
        if kind in ("error", "warning") and "status of 4" not in text:
            self.complaints.append(text)


@pytest.fixture(params=VIEWPORTS)
def context(request: pytest.FixtureRequest, new_context: Any) -> BrowserContext:
    """Give a browser of each size."""
    opened: BrowserContext = new_context(**VIEWPORTS[request.param])
    return opened


@pytest.fixture
def desktop_page(new_context: Any) -> Page:
    """Give a page on a desktop, where the size does not matter."""
    page: Page = new_context(**VIEWPORTS["desktop"]).new_page()
    return page


@pytest.fixture
def shop(new_context: Any) -> Iterator[ScriptedShop]:
    """Give a shop of one page that answers as the test says; its strict policy must hold."""
    scripted = ScriptedShop(new_context(**VIEWPORTS["desktop"]))
    yield scripted
    for page in scripted.context.pages:
        assert page.evaluate("window.violations") == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Give a good photo as a file."""
    path = tmp_path / "me.jpg"
    path.write_bytes(picture("JPEG", (800, 1200)))
    return path
