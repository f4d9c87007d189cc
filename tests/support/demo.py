"""The demo shop and its local Genvoris as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from examples.demo_shop.charging import AT_GENVORIS
from examples.demo_shop.samples import SAMPLES
from tests.support.ports import free_port

ROOT = Path(__file__).parent.parent.parent
# Tests that share a demo share its shoppers, who would be too fast for its limits.
LIMITS = dict.fromkeys(
    (f"FLASK_GENVORIS_LIMIT_{name}" for name in ("TRYONS", "SESSION", "EVENTS")), "10000/minute"
)


@dataclass
class Demo:
    """The running demo."""

    url: str
    sandbox_url: str
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running_demo(folder: Path, charging: str = AT_GENVORIS) -> Iterator[Demo]:
    """Run the demo, with its data in a folder.

    Args:
        folder: The folder.
        charging: How the shop charges; most tests are about Genvoris's own plans.
    """
    log = folder / "demo.log"
    options = ["--port", str(free_port()), "--sandbox-port", str(free_port())]
    options += ["--charging", charging]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples/demo_shop/run.py"), *options],
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            env=os.environ | LIMITS,
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


def restore_shoppers(demo: Demo) -> None:
    """Give the sample shoppers back the try-ons that tests have spent."""
    for number, sample in enumerate(SAMPLES, start=1):
        if sample.price_id:
            url = f"{demo.sandbox_url}/sandbox/customers/user_{number}"
            httpx.patch(url, json={"used": sample.spent}).raise_for_status()
